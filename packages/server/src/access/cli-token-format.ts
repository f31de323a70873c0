import { type CredentialFormat, compileFormat } from '@keywright/core'

/** `kwc_`, 43 characters of base62 (256 bits), and a checksum that tells a typing error without a look-up. */
export const cliTokenFormat: CredentialFormat = compileFormat({
  random: { alphabet: 'base62', length: 43 },
  publicId: null,
  checksum: true,
  forms: [{ prefix: 'kwc_', environment: 'live', kind: 'cli', retired: false }],
})

export function mintCliToken(): { credential: string; hint: string } {
  return cliTokenFormat.mint({ environment: 'live', kind: 'cli' })
}

/** Whether the text has the form of a CLI token, which says nothing about whether there is such a token. */
export function isCliToken(text: string): boolean {
  return cliTokenFormat.parse(text) >= 0
}
