import type { PasskeyOptions, PasskeyResponse } from '@keywright/client'

/** Passkeys belong to a domain; an address of numbers is none (WebAuthn Level 3 §5.1.2). */
export const hasPasskeys = 'PublicKeyCredential' in window && !/^[\d.]+$|^\[/.test(location.hostname)

/** Has the device make one. Rejects where its owner does not want to. */
export async function makePasskey(options: PasskeyOptions): Promise<PasskeyResponse> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  )
  return toJson(await navigator.credentials.create({ publicKey }))
}

/** Has the device sign with one of its own. */
export async function signWithPasskey(options: PasskeyOptions): Promise<PasskeyResponse> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  )
  return toJson(await navigator.credentials.get({ publicKey }))
}

function toJson(credential: Credential | null): PasskeyResponse {
  if (!(credential instanceof PublicKeyCredential)) throw new Error('The device gave no passkey.')
  return credential.toJSON() as unknown as PasskeyResponse
}
