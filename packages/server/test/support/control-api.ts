import { expect } from 'vitest'
import { routes } from '../../src/routes/index.ts'
import { serviceKey } from './start-server.ts'

export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: answers are checked against the schema of their route, and read freely
  json: any
  text: string
}

interface CallOptions {
  credential?: string | null
  body?: unknown
  /** Instead of `body`, as it is. */
  raw?: string
  headers?: Record<string, string>
}

export type Api = (method: string, path: string, options?: CallOptions) => Promise<Answer>

/** Calls the control side as the operator, and holds every 2xx to the schema that its route promises. */
export function controlApi(url: string): Api {
  return async (method, path, { credential = serviceKey, body, raw, headers = {} } = {}) => {
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(credential !== null && { authorization: `Bearer ${credential}` }),
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text !== undefined && { body: text }),
    })
    const answer = await response.text()
    const json = answer === '' ? undefined : JSON.parse(answer)
    if (response.ok) holdToSchema(method, path, response.status, json)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]+$/)
    return { status: response.status, headers: response.headers, json, text: answer }
  }
}

function holdToSchema(method: string, path: string, status: number, json: unknown): void {
  const pathname = path.split('?')[0] ?? ''
  const route = routes.find(
    (candidate) =>
      candidate.method === method.toLowerCase() &&
      new RegExp(`^${candidate.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  )
  if (!route) return
  expect(status).toBe(route.answer.status)
  expect(route.answer.schema.safeParse(json)).toMatchObject({ success: true })
}
