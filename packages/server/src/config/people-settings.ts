import { z } from 'zod'
import type { Setting } from './settings.ts'

/** What concerns people who sign in. */
export interface PeopleSettings {
  /** `smtp://…` or `smtps://…`; null: no mail is sent. */
  smtpUrl: string | null
  /** Whom mail is from: `Keys <keys@example.com>`. */
  mailFrom: string | null
  /** Where people may sign in with an account they have elsewhere: OpenID Connect. */
  providers: readonly ProviderSettings[]
  /** Origins whose pages may show the console in a frame. */
  embedOrigins: readonly string[]
  /** Where a checkout is paid, by plan. */
  stripePaymentLinks: Readonly<Record<string, string>>
}

export interface ProviderSettings {
  /** In addresses: `acme`. */
  id: string
  /** On the button. */
  name: string
  /** Its `/.well-known/openid-configuration` says everything else. */
  issuer: string
  clientId: string
  clientSecret: string
}

const text = z.string({ error: 'it has to be a text' }).min(1, 'it is empty')

const address = (value: string) => (URL.canParse(value) ? new URL(value) : null)

const isLoopback = ({ hostname }: URL) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/** Who is on the line could otherwise be anyone. */
const isSafe = (value: string) => {
  const url = address(value)
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))
}

const smtpUrl = text.refine(
  (value) => ['smtp:', 'smtps:'].includes(address(value)?.protocol ?? '') && address(value)?.hostname !== '',
  'it has to be an address such as smtps://user:password@mail.example.com',
)

const mailFrom = text
  .max(320, 'it is too long')
  .regex(/^[^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/, 'it has to be an address, or Name <address>')

const needed = z
  .string({ error: ({ input }) => (input === undefined ? 'it is missing' : 'it has to be a text') })
  .min(1, 'it is empty')

const provider = z.strictObject(
  {
    id: needed.regex(/^[a-z0-9-]{1,32}$/, 'it has to be 1 to 32 of a-z, 0-9 and -'),
    name: needed.max(64, 'it has at most 64 characters'),
    issuer: needed.refine(isSafe, 'it has to begin with https://'),
    clientId: needed,
    clientSecret: needed,
  },
  'each needs id, name, issuer, clientId and clientSecret',
)

const json = (value: unknown) => {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    return value
  }
}

const providers = z
  .preprocess(json, z.array(provider, 'it has to be a list of providers, in JSON'))
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'two of them have one id')

const listed = (value: unknown) => (typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : value)

const embedOrigins = z.preprocess(
  listed,
  z.array(
    z
      .string('it has to be a text')
      .refine(
        (value) => isSafe(value) && address(value)?.origin === value,
        'it has to be origins that begin with https://, without a path: https://app.example.com',
      ),
    'it has to be a list of origins',
  ),
)

const paymentLinks = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? Object.fromEntries(value.split(',').map((pair) => pair.trim().split(/=(.*)/s).slice(0, 2)))
      : value,
  z.record(
    z.string().min(1),
    z.string('it has to be plan=link,…').refine(isSafe, 'a link has to begin with https://'),
    {
      error: 'it has to be plan=link,…',
    },
  ),
)

export const peopleSettings: { readonly [Name in keyof PeopleSettings]: Setting } = {
  smtpUrl: { read: smtpUrl, fallback: null, variable: 'KEYWRIGHT_SMTP_URL', secret: true, notInFile: true },
  mailFrom: { read: mailFrom, fallback: null, variable: 'KEYWRIGHT_MAIL_FROM' },
  providers: { read: providers, fallback: [], variable: 'KEYWRIGHT_PROVIDERS', secret: true, notInFile: true },
  embedOrigins: { read: embedOrigins, fallback: [], variable: 'KEYWRIGHT_EMBED_ORIGINS' },
  stripePaymentLinks: { read: paymentLinks, fallback: {}, variable: 'KEYWRIGHT_STRIPE_PAYMENT_LINKS' },
}
