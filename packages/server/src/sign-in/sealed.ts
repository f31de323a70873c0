import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Values that a browser keeps for us and can neither read nor change: AES-256-GCM. */
export interface Sealer {
  seal(value: unknown, expiresAt: Date): string
  /** null: not one of ours, or too old. */
  open(sealed: string, now: Date): unknown
}

/** @param purpose what is sealed for one thing opens nothing else */
export function createSealer(secret: string, purpose: string): Sealer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `keywright ${purpose}`, 32))
  return {
    seal(value, expiresAt) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const text = JSON.stringify({ value, expiresAt: expiresAt.getTime() })
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')
    },
    open(sealed, now) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < 28) return null
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAuthTag(bytes.subarray(-16))
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
        const { value, expiresAt } = JSON.parse(text) as { value: unknown; expiresAt: number }
        return expiresAt > now.getTime() ? value : null
      } catch {
        return null
      }
    },
  }
}
