import { compileFormat } from '@keywright/core'

/** `kwi_`, 43 characters of base62 (256 bits), and a checksum. */
const invitationFormat = compileFormat({
  random: { alphabet: 'base62', length: 43 },
  publicId: null,
  checksum: true,
  forms: [{ prefix: 'kwi_', environment: 'live', kind: 'invitation', retired: false }],
})

export function mintInvitation(): string {
  return invitationFormat.mint({ environment: 'live', kind: 'invitation' }).credential
}

export function isInvitation(text: string): boolean {
  return invitationFormat.parse(text) >= 0
}
