import type { Refusal } from '../contract/refusal.ts'
import type { Verifier } from '../verify/verifier.ts'
import { type Admission, compileAdmission, compileRequestIds, type GuardOptions } from './admission.ts'

type AdmitOnWeb = (request: Request, address: string | null) => Promise<Admission & { requestId: string }>

/** For what is handed over as a Web `Request`: its headers are joined and its address parsed already. */
export function compileWebAdmission(verifier: Verifier, options: GuardOptions): AdmitOnWeb {
  const admit = compileAdmission(verifier, options)
  const requestIdOf = compileRequestIds(verifier)
  return async (request, address) => {
    const { method, headers, url } = request
    const rawHeaders = [...headers].flat()
    const requestId = requestIdOf(rawHeaders)
    const admission = await admit({
      method,
      url: url.slice(url.indexOf('/', url.indexOf('//') + 2)),
      rawHeaders,
      requestId,
      address,
      hasBody: request.body !== null,
      peekBody: (mostBytes) => peek(request, mostBytes),
    })
    return { ...admission, requestId }
  }
}

/** Of the body that is left to be read by others; null where it has more than `mostBytes`. */
export async function peek(request: Request, mostBytes: number): Promise<Uint8Array | null> {
  const { body } = request.clone()
  const chunks: Uint8Array[] = []
  let length = 0
  // Half of a body that was cloned is not cancelled before the other half is, which nobody will.
  for await (const chunk of body?.values({ preventCancel: true }) ?? []) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > mostBytes) break
  }
  if (length <= mostBytes) return Buffer.concat(chunks, length)
  // Not within the loop, which holds the one half until it ends.
  void takeIn(body, request.body)
  return null
}

/**
 * What is left of a body that nobody will read, since on a connection the next request comes behind it. Of one that was
 * cloned both halves, or the one would keep what the other has given.
 */
async function takeIn(...halves: readonly (ReadableStream | null)[]): Promise<void> {
  await Promise.allSettled(halves.map((half) => half?.pipeTo(new WritableStream())))
}

/** RFC 9110 §9.3.2: HEAD is answered with the headers of GET and no body. */
export function refusalResponse({ status, headers, body }: Refusal, requestId: string, method: string): Response {
  const fields = { ...headers, 'x-request-id': requestId, 'content-length': String(Buffer.byteLength(body)) }
  return new Response(method === 'HEAD' ? null : body, { status, headers: fields })
}

/**
 * A copy, since the headers of what `fetch` and `Response.redirect` give cannot be changed. How an answer may be cached
 * is for its handler to say, but never without `Vary`.
 */
export function withHeaders(answer: Response, ours: readonly string[]): Response {
  const copy = new Response(answer.body, answer)
  for (let at = 0; at < ours.length; at += 2) {
    const name = ours[at] as string
    const value = ours[at + 1] as string
    if (name === 'Vary') copy.headers.append(name, value)
    else if (name !== 'Cache-Control' || !copy.headers.has(name)) copy.headers.set(name, value)
  }
  return copy
}
