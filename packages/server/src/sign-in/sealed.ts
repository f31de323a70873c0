import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** What a browser keeps for us in a cookie of this host, and can neither read nor change: AES-256-GCM. */
export interface SealedCookie {
  /** The `Set-Cookie` that it keeps it by, for as long as that is good. */
  write(value: unknown, now: Date): string
  /** null: it has sent none, or what is not ours or too old. */
  read(cookies: string | null, now: Date): unknown
  /** The `Set-Cookie` that makes it forget. */
  forget: string
}

/** @param purpose what is sealed for one thing opens nothing else */
export function createSealedCookie({
  secret,
  purpose,
  isSecure,
  lifetimeSeconds,
}: {
  secret: string
  purpose: string
  isSecure: boolean
  lifetimeSeconds: number
}): SealedCookie {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `keywright ${purpose}`, 32))
  const name = `${isSecure ? '__Host-' : ''}keywright.${purpose}`
  const attributes = `Path=/; HttpOnly; ${isSecure ? 'Secure; ' : ''}SameSite=Lax`
  return {
    forget: `${name}=; Max-Age=0; ${attributes}`,

    write(value, now) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const text = JSON.stringify({ value, expiresAt: now.getTime() + lifetimeSeconds * 1000 })
      const encrypted = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
      const sealed = Buffer.concat([encrypted, cipher.getAuthTag()]).toString('base64url')
      return `${name}=${sealed}; Max-Age=${lifetimeSeconds}; ${attributes}`
    },

    read(cookies, now) {
      const found = (cookies ?? '').split(';').find((cookie) => cookie.trim().startsWith(`${name}=`))
      const bytes = Buffer.from(found?.trim().slice(name.length + 1) ?? '', 'base64url')
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
