import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

interface Claims {
  email?: string
  email_verified?: boolean
  name?: string
}

/** What is told of somebody; in the ID token it may be something else. */
export interface AccountElsewhere extends Claims {
  inIdToken?: Claims
}

export interface Elsewhere {
  issuer: string
  /** The setting that makes it known to an instance. */
  setting: string
  /** Who has an account there, by what they sign in with. */
  accounts: Map<string, AccountElsewhere>
  /** The beginning of paths that something else answers. */
  instead: { path: string; answer: RequestListener } | null
  /** Once the instance is there. */
  allow(control: string): void
  /** Goes there as `login`, says yes to everything, and answers where the browser is sent back to. */
  visit(location: string, login: string): Promise<string>
  stop(): Promise<void>
}

/** A real OpenID provider, with everything that is optional and secure made a must. */
export async function startElsewhere(id = 'acme'): Promise<Elsewhere> {
  let handle: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => {
    const { instead } = elsewhere
    if (instead && request.url?.startsWith(instead.path)) instead.answer(request, response)
    else handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const accounts: Elsewhere['accounts'] = new Map()
  const client = { id, name: 'Acme', issuer, clientId: 'keys', clientSecret: 'a-secret-of-the-tests' }
  const elsewhere: Elsewhere = {
    ...{ issuer, accounts, instead: null },
    setting: JSON.stringify([client]),
    allow(control) {
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: client.clientId,
            client_secret: client.clientSecret,
            redirect_uris: [`${control}/api/auth/provider/${id}/callback`],
          },
        ],
        claims: { email: ['email', 'email_verified'], profile: ['name'] },
        conformIdTokenClaims: false,
        pkce: { required: () => true },
        cookies: { keys: ['a-key-of-the-tests'] },
        features: { devInteractions: { enabled: true } },
        findAccount: (_, id) => {
          const { inIdToken, ...told } = accounts.get(id) ?? {}
          return {
            accountId: id,
            claims: (use) => ({ sub: id, ...((use === 'id_token' && inIdToken) || told) }),
          }
        },
      })
      handle = provider.callback()
    },
    async visit(location, login) {
      const jar = new Map<string, string>()
      let form: string | null = null
      for (let at = location; ; ) {
        const response: Response = await fetch(at, {
          redirect: 'manual',
          headers: {
            cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
            ...(form !== null && { 'content-type': 'application/x-www-form-urlencoded' }),
          },
          ...(form !== null && { method: 'POST', body: form }),
        })
        for (const line of response.headers.getSetCookie()) {
          const [pair = ''] = line.split(';')
          jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
        }
        form = null
        const next = response.headers.get('location')
        if (next !== null) {
          at = new URL(next, at).href
          if (!at.startsWith(issuer)) return at
          continue
        }
        const page = await response.text()
        const action = /action="([^"]+)"/.exec(page)?.[1]
        if (!action) throw new Error(`The provider says: ${page.slice(0, 500)}`)
        at = new URL(action, at).href
        form = page.includes('value="login"') ? `prompt=login&login=${login}&password=x` : 'prompt=consent'
      }
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return elsewhere
}
