import type { RefusalName, RefusalRow } from './refusal.ts'

/** What a row says where the contract does not. `code`, `type` and `message` are there for every body to use. */
export type StandardRow = RefusalRow & { values: { code: string; type: string; message: string } }

function row(status: number, type: string, code: string, message: string): StandardRow {
  return { status, values: { code, type, message } }
}

/** `howToSend` finishes the sentence "Send one …": where the contract takes its keys. */
export function standardRefusals(howToSend: string): Record<RefusalName, StandardRow> {
  return {
    missing_credential: row(
      401,
      'authentication_error',
      'missing_credential',
      `This request has no API key. Send one ${howToSend}.`,
    ),
    repeated_credential: row(
      401,
      'authentication_error',
      'invalid_credential',
      'The API key is not valid. Check that it is complete and has not been revoked.',
    ),
    invalid_credential: row(
      401,
      'authentication_error',
      'invalid_credential',
      'The API key is not valid. Check that it is complete and has not been revoked.',
    ),
    organization_suspended: row(
      403,
      'permission_error',
      'organization_suspended',
      'This organization is suspended. Ask the operator of this API to lift it.',
    ),
    organization_unpaid: row(
      402,
      'permission_error',
      'organization_unpaid',
      'This organization has an unpaid bill. Pay it to use the API again.',
    ),
    forbidden: row(
      403,
      'permission_error',
      'forbidden',
      'This API key may not do that. Use one with more permissions.',
    ),
    namespace_forbidden: row(
      403,
      'permission_error',
      'namespace_forbidden',
      "This API key may not reach the namespace '{namespace}'.",
    ),
    rate_limited: row(
      429,
      'rate_limit_error',
      'rate_limited',
      'Too many requests: the limit is {limit} per {window}. Try again in {retryAfter}s.',
    ),
    quota_exceeded: row(
      429,
      'rate_limit_error',
      'quota_exceeded',
      "This month's quota is used up. Change the plan, or wait for the next month.",
    ),
    invalid_request: row(
      400,
      'invalid_request_error',
      'invalid_request',
      'The request is malformed. Compare it with the documentation.',
    ),
    not_found: row(404, 'not_found_error', 'not_found', 'There is nothing here. Check the address.'),
    conflict: row(409, 'invalid_request_error', 'conflict', 'This is in conflict with what is there already.'),
    payload_too_large: row(413, 'invalid_request_error', 'payload_too_large', 'The request body is too large.'),
    internal_error: row(
      500,
      'api_error',
      'internal_error',
      'Something went wrong here. Try again; if it goes on, name the request id to support.',
    ),
    upstream_unreachable: row(502, 'api_error', 'upstream_unreachable', 'The API cannot be reached. Try again soon.'),
    unavailable: row(503, 'api_error', 'unavailable', 'This cannot be answered right now. Try again soon.'),
    upstream_timeout: row(504, 'api_error', 'upstream_timeout', 'The API took too long to answer. Try again.'),
  }
}
