import type { Configuration, CustomFetchOptions } from 'openid-client'
import type { ProviderSettings } from '../config/people-settings.ts'
import { Problem } from '../control/problem.ts'
import { name as nameSchema } from '../control/schemas.ts'
import { email as emailSchema } from '../routes/auth/schemas.ts'
import { holdsNul } from './passwords.ts'
import { createSealedCookie } from './sealed.ts'

/** Somebody as a provider knows them, and has proved to us. */
export interface Identity {
  issuer: string
  subject: string
  /** null: none that is taken here, or the provider does not say that it is theirs. */
  email: string | null
  name: string
}

/** What a sign-in is for, through the provider and back. */
export interface Errand {
  /** Where to go in the console afterwards. */
  to: string
  invitation: string | null
  /** Whose account it is to be linked with; null: it is a sign-in. */
  person: string | null
}

/** OpenID Connect Core 1.0 §3.1, with PKCE (RFC 7636): accounts that people have elsewhere. */
export interface Providers {
  list: readonly Pick<ProviderSettings, 'id' | 'name' | 'issuer'>[]
  /** null: there is no such provider. @throws Problem `provider_unavailable` */
  start(provider: string, errand: Errand, now: Date): Promise<{ location: string; cookie: string } | null>
  /** null: the answer does not belong to what this browser has asked for. @throws Problem `provider_unavailable` */
  finish(
    provider: string,
    query: string,
    cookies: string | null,
    now: Date,
  ): Promise<{ identity: Identity; errand: Errand } | null>
  /** Makes the browser forget what it asked for. */
  forget: string
}

interface Asked extends Errand {
  provider: string
  state: string
  nonce: string
  verifier: string
}

const lifetimeSeconds = 600
const timeoutSeconds = 10
/** Theirs have a few thousand. */
const mostAnswerBytes = 1024 * 1024

export function createProviders({
  settings,
  secret,
  isSecure,
  consoleUrl,
  warn,
}: {
  settings: readonly ProviderSettings[]
  secret: string
  isSecure: boolean
  consoleUrl: () => string
  warn: (error: unknown) => void
}): Providers {
  const kept = createSealedCookie({ secret, purpose: 'provider', isSecure, lifetimeSeconds })
  const known = new Map<string, Promise<Configuration>>()

  function configurationOf(provider: ProviderSettings): Promise<Configuration> {
    const { id, issuer, clientId, clientSecret } = provider
    const found = known.get(id) ?? discover(issuer, clientId, clientSecret)
    known.set(id, found)
    found.catch(() => known.delete(id))
    return found
  }

  function unavailable(id: string, said: string | null, cause: unknown): Problem {
    // What it has told of itself may be what is wrong.
    known.delete(id)
    warn(new Error(`the provider '${id}' ${said ? `says ${said}` : 'gives no answer that is of use'}`, { cause }))
    return new Problem('provider_unavailable')
  }

  const callback = (id: string) => `${consoleUrl()}/api/auth/provider/${id}/callback`
  const named = (id: string) => settings.find((provider) => provider.id === id)

  return {
    list: settings.map(({ id, name, issuer }) => ({ id, name, issuer })),
    forget: kept.forget,
    async start(id, errand, now) {
      const provider = named(id)
      if (!provider) return null
      const oidc = await import('openid-client')
      const asked: Asked = {
        ...errand,
        provider: id,
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      }
      const parameters = {
        redirect_uri: callback(id),
        scope: 'openid email profile',
        state: asked.state,
        nonce: asked.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(asked.verifier),
        code_challenge_method: 'S256',
      }
      const cookie = kept.write(asked, now)
      try {
        const { href: location } = oidc.buildAuthorizationUrl(await configurationOf(provider), parameters)
        return { location, cookie }
      } catch (error) {
        throw unavailable(id, null, error)
      }
    },
    async finish(id, query, cookies, now) {
      const provider = named(id)
      const asked = kept.read(cookies, now) as Asked | null
      if (!provider || asked?.provider !== id) return null
      const oidc = await import('openid-client')
      try {
        const configuration = await configurationOf(provider)
        const tokens = await oidc.authorizationCodeGrant(configuration, new URL(`${callback(id)}?${query}`), {
          pkceCodeVerifier: asked.verifier,
          expectedState: asked.state,
          expectedNonce: asked.nonce,
          idTokenExpected: true,
        })
        const proved = tokens.claims()
        if (!proved) return null
        if (!isSubject(proved.sub))
          throw new TypeError('sub must have 1 to 255 characters, and no NUL or half of a letter')
        const told = configuration.serverMetadata().userinfo_endpoint
          ? await oidc.fetchUserInfo(configuration, tokens.access_token, proved.sub)
          : {}
        const { to, invitation, person } = asked
        return { identity: identityOf(proved, told), errand: { to, invitation, person } }
      } catch (error) {
        if (isRefusal(oidc, error)) return null
        throw unavailable(id, wordOf(oidc, error), error)
      }
    },
  }
}

async function discover(issuer: string, clientId: string, clientSecret: string): Promise<Configuration> {
  const oidc = await import('openid-client')
  const server = new URL(issuer)
  const execute = server.protocol === 'http:' ? [oidc.allowInsecureRequests] : []
  return oidc.discovery(server, clientId, clientSecret, oidc.ClientSecretBasic(clientSecret), {
    execute,
    timeout: timeoutSeconds,
    [oidc.customFetch]: fetchWhole,
  })
}

/** In the time that there is for it: half an answer is none, and one without end is not kept. */
async function fetchWhole(url: string, options: CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, options as RequestInit)
  if (response.body === null) return response
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.byteLength
    if (length > mostAnswerBytes) throw new TypeError(`${url} answers with more than ${mostAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), response)
}

/** Whatever is wrong with what came back; a provider that is away, ails or does not know us is no refusal. */
function isRefusal(oidc: typeof import('openid-client'), error: unknown): boolean {
  if (error instanceof oidc.AuthorizationResponseError) return true
  if (error instanceof oidc.ResponseBodyError) return error.error === 'invalid_grant'
  return (
    error instanceof oidc.ClientError &&
    !/TIMEOUT|NOT_CONFORM|NOT_JSON|PARSE_ERROR|SERVER_METADATA/.test(error.code ?? '')
  )
}

/** `invalid_client`, in the body or in a challenge. */
function wordOf(oidc: typeof import('openid-client'), error: unknown): string | null {
  if (error instanceof oidc.ResponseBodyError) return error.error
  if (!(error instanceof oidc.WWWAuthenticateChallengeError)) return null
  return error.cause.find(({ parameters }) => parameters.error !== undefined)?.parameters.error ?? null
}

/**
 * OpenID Connect Core 1.0 §2 has ASCII alone, but some providers send names of their users in any language. A database has
 * one mark for all halves of letters, and so one account for two people, and none has a NUL.
 */
function isSubject(subject: string): boolean {
  return subject !== '' && subject.length <= 255 && !/\p{Cs}/u.test(subject) && !holdsNul(subject)
}

type Claims = Readonly<Record<string, unknown>>

function identityOf(proved: Claims, told: Claims): Identity {
  // Each vouches for its own address alone.
  const address = addressOf(proved) ?? addressOf(told)
  const { iss, sub, name } = { ...told, ...proved }
  // Cut first: it can leave half a letter.
  const cut = typeof name === 'string' ? name.slice(0, 200) : ''
  const shown = cut.replaceAll(/[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/gu, '').trim()
  return {
    issuer: String(iss),
    subject: String(sub),
    email: address?.toLowerCase() ?? null,
    name: nameSchema.safeParse(shown).data ?? address?.split('@')[0] ?? 'Someone',
  }
}

/** By the same rule as everybody's: some letters have the lower case of others, and so of another's address. */
function addressOf({ email, email_verified: isVerified }: Claims): string | null {
  const { data } = emailSchema.safeParse(email)
  return (isVerified === true && data) || null
}
