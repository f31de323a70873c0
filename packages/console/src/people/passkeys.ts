import type { PasskeyOptions, PasskeyResponse } from '@keywright/client'

/** Passkeys belong to a domain; an address of numbers is none (WebAuthn Level 3 §5.1.2). */
export const isPlaceForPasskeys = isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname)

/** Browsers had passkeys for years before they read the options of one as JSON. */
export const hasPasskeys =
  isPlaceForPasskeys && 'PublicKeyCredential' in window && 'parseCreationOptionsFromJSON' in PublicKeyCredential

/** Has the device make one. Rejects where its owner does not want to. */
export async function makePasskey(options: PasskeyOptions): Promise<PasskeyResponse> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  )
  // Chromium takes no more. A device whose own is not among them replaces it.
  publicKey.excludeCredentials = publicKey.excludeCredentials?.slice(0, 64) ?? []
  return toJson(() => navigator.credentials.create({ publicKey }))
}

/** Has the device sign with one of its own. */
export async function signWithPasskey(options: PasskeyOptions): Promise<PasskeyResponse> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  )
  return toJson(() => navigator.credentials.get({ publicKey }))
}

async function toJson(ask: () => Promise<Credential | null>): Promise<PasskeyResponse> {
  const credential = await ask().catch((error: unknown) => {
    throw inWords(error)
  })
  if (!(credential instanceof PublicKeyCredential)) throw new Error('The device gave no passkey.')
  return credential.toJSON() as unknown as PasskeyResponse
}

/** A browser says it in words for programmers, and says the same of who cancels and who waits too long. */
function inWords(error: unknown): unknown {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError') return new Error('No passkey was chosen. Try again.')
  if (name === 'InvalidStateError') return new Error('This device has a passkey for this account already.')
  return error
}
