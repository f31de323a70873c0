import { type CredentialFormat, compileFormat } from '@keywright/core'

/** `kwo_`, 43 characters of base62 (256 bits), and a checksum that tells a typing error without a look-up. */
export const serviceKeyFormat: CredentialFormat = compileFormat({
  random: { alphabet: 'base62', length: 43 },
  publicId: null,
  checksum: true,
  forms: [{ prefix: 'kwo_', environment: 'live', kind: 'service', retired: false }],
})

export function mintServiceKey(): { credential: string; hint: string } {
  return serviceKeyFormat.mint({ environment: 'live', kind: 'service' })
}

/** Whether the text has the form of a service key, which says nothing about whether there is such a key. */
export function isServiceKey(text: string): boolean {
  return serviceKeyFormat.parse(text) >= 0
}
