import { invalid, Problem } from './problem.ts'
import { parseStrictObject, StrictJsonError } from './strict-json.ts'

/** Of a body, where its route does not take more. */
const mostBodyBytes = 256 * 1024

/** The raw text of a body, '' where there is none. */
export async function readBody(request: Request, mostBytes = mostBodyBytes): Promise<string> {
  if (request.body === null) return ''
  if (Number(request.headers.get('content-length')) > mostBytes) throw tooLarge(mostBytes)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body) {
      length += chunk.byteLength
      if (length > mostBytes) throw tooLarge(mostBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    // Its sender has left, which is no failure of ours: anybody could fill the log with it.
    throw new Problem('malformed_body', 'The connection ended before the body was whole.')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Problem('malformed_body', 'The body is not UTF-8.')
  }
}

/** What is left of the body is not read, so the connection cannot carry another request (RFC 9110 §15.5.14). */
function tooLarge(mostBytes: number): Problem {
  const detail = `The body has more than the ${mostBytes} bytes that are taken here. Send less at once.`
  return new Problem('payload_too_large', detail, { headers: { connection: 'close' } })
}

/** The members of a body. A missing body is an empty object, so that its schema says what is missing. */
export function parseBody(text: string, headers: Headers): Record<string, unknown> {
  if (text === '') return {}
  if (!isJson(headers.get('content-type')) || headers.has('content-encoding')) {
    throw new Problem('unsupported_media_type')
  }
  try {
    return parseStrictObject(text)
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error
    throw error.field ? invalid([error.field]) : new Problem('malformed_body', error.message)
  }
}

/** A form posted by a page of another site can carry every other type without asking. */
function isJson(contentType: string | null): boolean {
  return contentType !== null && /^application\/json *(; *charset="?utf-8"?)?$/i.test(contentType)
}
