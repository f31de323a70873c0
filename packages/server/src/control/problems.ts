/** One kind of refusal on the control side, as documented. `mend` says what its reader does next. */
export interface ProblemKind {
  status: number
  title: string
  cause: string
  mend: string
}

/** Every `code` an answer of the control side can hold. Codes are stable; sentences may improve. */
export const problems = {
  missing_credential: {
    status: 401,
    title: 'A credential is missing',
    cause: 'The request has no session, and no Authorization header with the scheme Bearer.',
    mend: 'Send `Authorization: Bearer <service key or CLI token>`, or sign in.',
  },
  repeated_credential: {
    status: 400,
    title: 'More than one credential was sent',
    cause: 'The request has several Authorization headers, or several values in one.',
    mend: 'Send exactly one `Authorization: Bearer <service key or CLI token>`.',
  },
  invalid_credential: {
    status: 401,
    title: 'The credential is not valid',
    cause: 'It is mistyped, unknown, expired or revoked.',
    mend: 'Check that it was copied whole; otherwise ask the operator for a new one.',
  },
  wrong_credential_type: {
    status: 401,
    title: 'This kind of credential is not accepted here',
    cause: 'An API key was sent where a service key, a CLI token or a session is asked for.',
    mend: 'Send a service key (`kwo_…`, or the one the server was started with) or a CLI token (`kwc_…`), or sign in.',
  },
  permission_missing: {
    status: 403,
    title: 'The credential may not do this',
    cause: 'The service key lacks the permission or is bound to one organization, or the person is no operator.',
    mend: 'Use a service key with the permission that the detail names, or ask an operator.',
  },
  role_missing: {
    status: 403,
    title: 'Your role does not allow this',
    cause: 'Members of an organization read; what it asks for changes something.',
    mend: 'Ask an owner or admin of the organization.',
  },
  foreign_origin: {
    status: 403,
    title: 'The request does not come from our own pages',
    cause: 'A change with a session needs an Origin header that names the console, and this has none or another.',
    mend: 'Use the console at its own address, which --console-url names; in a script use a CLI token instead.',
  },
  sign_in_failed: {
    status: 401,
    title: 'That does not prove who you are',
    cause: 'The address or the password is wrong.',
    mend: 'Try again, or ask whoever runs this instance for a new link.',
  },
  invalid_signature: {
    status: 400,
    title: 'The signature does not hold',
    cause: 'It is missing, older than five minutes, or was made with another secret or over another body.',
    mend: 'Check KEYWRIGHT_STRIPE_WEBHOOK_SECRET against the one that Stripe shows for this endpoint, and the clock.',
  },
  not_signed_in: {
    status: 401,
    title: 'You are not signed in',
    cause: 'The request has no session, or one that has ended.',
    mend: 'Sign in, and try again.',
  },
  sign_in_off: {
    status: 501,
    title: 'People cannot sign in to this instance',
    cause: 'It runs on PostgreSQL without KEYWRIGHT_SECRET, which has to be the same on every node.',
    mend: 'Set KEYWRIGHT_SECRET and start it again; until then use a service key.',
  },
  sign_up_closed: {
    status: 403,
    title: 'Signing up needs an invitation',
    cause: 'This instance takes people in by invitation only.',
    mend: 'Open the link of your invitation, or ask for one.',
  },
  invitation_invalid: {
    status: 410,
    title: 'This link does not hold any more',
    cause: 'It has been used, revoked or replaced, has expired, or was for another e-mail address.',
    mend: 'Ask for a new one; an instance without an operator prints a new one when it starts.',
  },
  device_code_not_yours: {
    status: 403,
    title: 'This code is being looked at by someone else',
    cause: 'A code is decided in the browser session that opened it first, and this is another one.',
    mend: 'Open the code before you decide; if someone else has opened it, start the login again for a new one.',
  },
  provider_refused: {
    status: 403,
    title: 'The other sign-in did not work',
    cause: 'The provider said no, or its answer does not belong to what this browser asked for.',
    mend: 'Start again from the sign-in page, in one browser and within ten minutes.',
  },
  provider_unavailable: {
    status: 502,
    title: 'The provider gives no answer',
    cause: 'It cannot be reached, takes too long, or does not know this instance; the log has what it said.',
    mend: 'Try again later, or sign in another way. If it stays, check KEYWRIGHT_PROVIDERS.',
  },
  provider_email_unverified: {
    status: 403,
    title: 'The provider does not vouch for your address',
    cause: 'It names no e-mail address, or does not say that it has verified it.',
    mend: 'Verify the address there and try again, or open an invitation and choose a password.',
  },
  provider_not_linked: {
    status: 409,
    title: 'There is an account with this address already',
    cause: 'Its owner has not linked it with this provider.',
    mend: 'Sign in as you did so far, and link it in your account.',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many attempts',
    cause: 'This was tried too often in too short a time, by this account or from this network.',
    mend: 'Wait for the seconds in Retry-After.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    cause: 'The path or the id is wrong, or it belongs to an organization that the credential does not reach.',
    mend: 'Check the path, the id and the credential.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This method is not offered here',
    cause: 'The path exists, with other methods.',
    mend: 'Use one of the methods in the Allow header.',
  },
  untrusted_peer: {
    status: 403,
    title: 'This address may not ask here',
    cause: 'Forward-auth believes the proxies it was told to trust, and the request did not come from one of them.',
    mend: 'Name the proxy with --trusted-proxy, or ask through it.',
  },
  malformed_request: {
    status: 400,
    title: 'The request cannot be read',
    cause: 'It is no sound HTTP/1.1: its target, its Host or its framing can be read in two ways.',
    mend: 'Send it as RFC 9112 says, with one Host.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long',
    cause: 'It had not arrived whole in time.',
    mend: 'Send it again over a better connection.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    cause: 'The request line and the headers have more than 16384 bytes together.',
    mend: 'Send fewer or shorter headers.',
  },
  malformed_body: {
    status: 400,
    title: 'The body cannot be read',
    cause: 'It is not one JSON object in UTF-8, has a member twice, or is nested too deeply.',
    mend: 'Send one JSON object with each member once.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    cause: 'It has more than 262144 bytes, or in a bulk call 4194304.',
    mend: 'Send less at once.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not declared as JSON',
    cause: 'Content-Type is not application/json, or the body is compressed.',
    mend: 'Send `Content-Type: application/json` and no Content-Encoding.',
  },
  invalid_request: {
    status: 422,
    title: 'The request is not valid',
    cause: 'A member of the body or a parameter is missing, unknown or out of range; `errors` names each.',
    mend: 'Correct what `errors` names.',
  },
  conflict: {
    status: 409,
    title: 'The present state does not allow this',
    cause: 'The id is taken, or what it is asked of is revoked, deleted or limited to one.',
    mend: 'Read the detail, look at the present state, and decide again.',
  },
  idempotency_running: {
    status: 409,
    title: 'This call is still running',
    cause: 'A call with the same Idempotency-Key has not ended yet.',
    mend: 'Wait a moment and repeat the call with the same key.',
  },
  idempotency_superseded: {
    status: 409,
    title: 'The secret that this call issued has been replaced since',
    cause: 'The key was rotated by another call, whose secret a fresh one would end.',
    mend: 'Use the newer secret, or rotate with a new Idempotency-Key.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key belongs to another call',
    cause: 'It was used within 24 hours with another body or other parameters.',
    mend: 'Use a new key for a new call; repeat a call exactly as it was.',
  },
  not_repeated: {
    status: 409,
    title: 'This row was refused when the call was first made',
    cause: 'A call that is repeated with its Idempotency-Key does nothing that it did not do before.',
    mend: 'Send the row again with another Idempotency-Key.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many calls',
    cause: 'This address has called this path too often.',
    mend: 'Wait for the seconds in Retry-After.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on the server',
    cause: 'An error of Keywright itself; the log has it under the request id.',
    mend: 'Try again; report it with the X-Request-Id if it stays.',
  },
  unavailable: {
    status: 503,
    title: 'The server cannot answer just now',
    cause: 'The database cannot be reached or is busy.',
    mend: 'Try again after the seconds in Retry-After.',
  },
  nodes_pending: {
    status: 504,
    title: 'Not every node has confirmed yet',
    cause: 'The change is made and in force on this node, and others have been silent for half a minute.',
    mend: 'Ask `/v1/receipts/{receipt}` with the receipt that the detail names, until it is complete.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems

/** Object members alone: a code named `constructor` is none. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code)
}
