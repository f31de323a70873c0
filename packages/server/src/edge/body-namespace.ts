import type { IncomingMessage } from 'node:http'
import { type RefusedBody, readNamespaceInBody, type Verifier } from '@keywright/core'
import { readBody } from '../http/read-body.ts'

/** The bytes as they came, and what they name; null: nothing. */
export type BodyReading = { body: Buffer; namespace: string | null } | RefusedBody

/** For a request whose namespace its body may name. `askForIt` is called where its body is to be read. */
export async function readNamespaceFromBody(
  { contract, namespaceInBody }: Verifier,
  request: IncomingMessage,
  { method, path }: { method: string; path: string },
  askForIt: () => void,
): Promise<BodyReading> {
  const rule = contract.namespaces?.body
  const presence = namespaceInBody(method, path)
  if (!rule || presence === 'no') throw new Error(`The contract looks for no namespace in the body of ${method}.`)
  const body = await readBody(request, rule.maxBytes, askForIt)
  if (body === null) return { refused: 'payload_too_large' }
  const found = readNamespaceInBody(body, rule, presence, request.rawHeaders)
  if (!found.valid) return { refused: 'invalid_request', ...found }
  return { body, namespace: found.namespace }
}
