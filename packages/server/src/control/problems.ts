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
    cause: 'The request has no Authorization header, or one with another scheme than Bearer.',
    mend: 'Send `Authorization: Bearer <service key>`.',
  },
  repeated_credential: {
    status: 400,
    title: 'More than one credential was sent',
    cause: 'The request has several Authorization headers, or several values in one.',
    mend: 'Send exactly one `Authorization: Bearer <service key>`.',
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
    cause: 'An API key was sent where a service key is asked for.',
    mend: 'Send a service key: it begins with `kwo_`, or is the one the server was started with.',
  },
  permission_missing: {
    status: 403,
    title: 'The credential may not do this',
    cause: 'The service key lacks the permission, or is bound to one organization.',
    mend: 'Use a service key with the permission that the detail names.',
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
    cause: 'It has more than 262144 bytes.',
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
