import { expect } from 'vitest'
import type { Answer } from './control-api.ts'
import type { TestServer } from './start-server.ts'

export const goodPassword = 'correct horse battery staple'

/** A browser with cookies of its own, on the console's pages. */
export interface Browser {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** As the `Cookie` header would say it. */
  cookie(): string
  setCookies(): string[]
}

export function openBrowser({ control }: Pick<TestServer, 'control'>, jar = new Map<string, string>()): Browser {
  let last: string[] = []
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    cookie,
    setCookies: () => last,
    async call(method, path, body, headers = {}) {
      const response = await fetch(control + path, {
        method,
        headers: {
          ...(method !== 'GET' && { origin: control }),
          ...(jar.size > 0 && { cookie: cookie() }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      last = response.headers.getSetCookie()
      for (const line of last) {
        const [name = '', value = ''] = line.split(';')[0]?.split('=') ?? []
        if (value === '' || /max-age=0/i.test(line)) jar.delete(name)
        else jar.set(name, line.slice(name.length + 1, line.indexOf(';')))
      }
      const text = await response.text()
      return { status: response.status, headers: response.headers, json: JSON.parse(text), text }
    },
  }
}

export interface SignedUp {
  id: string
  email: string
  browser: Browser
}

let people = 0

/** Signs somebody up, with an invitation or openly. */
export async function signUp(
  server: Pick<TestServer, 'control'>,
  {
    invitation,
    email = `person-${++people}@example.com`,
    headers = {},
  }: { invitation?: string; email?: string; headers?: Record<string, string> } = {},
): Promise<SignedUp> {
  const browser = openBrowser(server)
  const body = { email, password: goodPassword, name: 'Person', ...(invitation && { invitation }) }
  const { status, json } = await browser.call('POST', '/api/auth/sign-up/email', body, headers)
  expect([status, json.code]).toEqual([200, undefined])
  return { id: json.person.id, email, browser }
}

/** The person who opens the link of the first start. */
export async function becomeOperator(server: TestServer): Promise<SignedUp> {
  return signUp(server, { invitation: tokenOf(await server.operatorLink()) })
}

export function tokenOf(link: string | null): string {
  return new URL(link ?? 'http://none').hash.slice(1)
}
