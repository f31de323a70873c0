import { createHash, generateKeyPairSync, type JsonWebKey, randomBytes, sign } from 'node:crypto'

/** What a server asks of a browser, as far as it is used here. */
interface Asked {
  challenge: string
  rp?: { id: string }
  rpId?: string
}

export interface Authenticator {
  /** As `navigator.credentials.create` answers. */
  create(asked: Asked, origin: string): object
  /** As `navigator.credentials.get` answers. */
  get(asked: Asked, origin: string, how?: { isUserVerified?: boolean }): object
}

const present = 0x01
const verified = 0x04
const withCredential = 0x40

/** A device that holds one passkey and lets its owner use it (WebAuthn Level 3, ES256, no attestation). */
export function createAuthenticator(): Authenticator {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' }) as JsonWebKey
  const id = randomBytes(32)
  const credential = { id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key' }
  let uses = 0

  /** Section 6.1: whose it is for, what was asked of its owner, and how often it was used. */
  function authenticatorData({ rp, rpId = rp?.id ?? '' }: Asked, flags: number): Buffer {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(++uses)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), counter])
  }

  function clientData(type: string, { challenge }: Asked, origin: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }

  return {
    create(asked, origin) {
      // COSE (RFC 9053): an EC2 key for ES256 on P-256. Each map is CBOR (RFC 8949) written out.
      const coordinates = [x, y].map((coordinate) => Buffer.from(coordinate, 'base64url')) as [Buffer, Buffer]
      const key = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        coordinates[0],
        Buffer.from('225820', 'hex'),
        coordinates[1],
      ])
      const data = Buffer.concat([
        authenticatorData(asked, present | verified | withCredential),
        Buffer.alloc(16),
        Buffer.from([0, id.length]),
        id,
        key,
      ])
      const attestation = Buffer.concat([
        Buffer.from('a3', 'hex'),
        ...[Buffer.from('cfmtdnonegattStmt'), Buffer.from('a0', 'hex'), Buffer.from('hauthData')],
        Buffer.from([0x58, data.length]),
        data,
      ])
      const response = {
        clientDataJSON: clientData('webauthn.create', asked, origin).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      }
      return { ...credential, clientExtensionResults: {}, response }
    },
    get(asked, origin, { isUserVerified = true } = {}) {
      const data = authenticatorData(asked, isUserVerified ? present | verified : present)
      const client = clientData('webauthn.get', asked, origin)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const response = {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: sign('sha256', signed, privateKey).toString('base64url'),
      }
      return { ...credential, clientExtensionResults: {}, response }
    },
  }
}
