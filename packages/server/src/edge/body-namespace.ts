import type { IncomingMessage } from 'node:http'
import { type RefusalName, readNamespaceInBody, type Verifier } from '@keywright/core'
import { readBody } from '../http/read-body.ts'

export type BodyReading =
  /** The bytes as they came, and what they name; null: nothing. */
  | { body: Buffer; namespace: string | null }
  /** `message` says what is wrong with the body, where it can be said. `named`: see `NamespaceFound`. */
  | { refused: RefusalName; message?: string; named?: string | null }

/** For a request whose namespace its body may name. */
export async function readNamespaceFromBody(
  { contract, namespaceInBody }: Verifier,
  request: IncomingMessage,
  { method, path }: { method: string; path: string },
): Promise<BodyReading> {
  const rule = contract.namespaces?.body
  const presence = namespaceInBody(method, path)
  if (!rule || presence === 'no') throw new Error(`The contract looks for no namespace in the body of ${method}.`)
  const body = await readBody(request, rule.maxBytes)
  if (body === null) return { refused: 'payload_too_large' }
  const found = readNamespaceInBody(body, rule, presence, request.rawHeaders)
  if (found.valid) return { body, namespace: found.namespace }
  const { message, named } = found
  return { refused: 'invalid_request', message, ...(named !== undefined && { named }) }
}
