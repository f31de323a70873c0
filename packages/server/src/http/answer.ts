import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Refusal } from '@keywright/core'

export function answer(response: ServerResponse, refusal: Refusal, requestId: string): void {
  const { status, body } = refusal
  const fields = ['X-Request-Id', requestId]
  for (const name in refusal.headers) fields.push(name, refusal.headers[name] as string)
  const length = Buffer.byteLength(body)
  fields.push('Content-Length', String(length))
  // ASCII alone, as nearly always: written as latin1, which costs less than UTF-8 and is the same bytes.
  // By name, since an answer that could not be written has left its own behind.
  response.writeHead(status, STATUS_CODES[status] ?? '', fields).end(body, length === body.length ? 'latin1' : 'utf8')
}

export function answerJson(response: ServerResponse, requestId: string, body: string): void {
  answer(
    response,
    { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body },
    requestId,
  )
}
