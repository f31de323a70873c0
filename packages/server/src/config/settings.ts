import { compileRanges, createDigester } from '@keywright/core'
import { z } from 'zod'
import type { RedisLimits } from '../limits/count-together.ts'
import type { WhenLimiterUnavailable } from '../limits/otherwise.ts'
import { type PeopleSettings, peopleSettings } from './people-settings.ts'

/** How an instance runs. What a flag, a variable and the configuration file say, checked. */
export interface Settings extends PeopleSettings {
  /** A built-in contract's name, or a file. */
  contract: string
  /** Origin of the API behind the gateway, with an optional base path; null: only the contract's own routes are served. */
  upstream: URL | null
  host: string
  port: number
  controlHost: string
  controlPort: number
  /** The edge and the control side as seen from outside; null: as they are bound. */
  publicUrl: string | null
  consoleUrl: string | null
  /** Addresses and CIDR ranges; null: none for client addresses, loopback for forward-auth. */
  trustedProxies: readonly string[] | null
  data: string
  /** `postgres://…`; null: SQLite in the data folder. */
  database: string | null
  redis: string | null
  redisLimits: RedisLimits
  serviceKey: string | null
  secret: string | null
  /** The first is the current one. */
  peppers: readonly { id: string; value: string }[]
  signUp: 'invited' | 'open'
  /** `whsec_…`; null: no events of Stripe are taken. */
  stripeWebhookSecret: string | null
  /** Plans by Stripe's ids of prices. */
  stripePrices: Readonly<Record<string, string>>
  /** One line for each request to the edge. */
  accessLog: boolean
  /** With many nodes: how long one that cannot reach the database goes on with the keys it knows. */
  maxStalenessSeconds: number
  /** And what it does then. */
  whenStoreUnavailable: WhenStoreUnavailable
  /** And with requests under a limit, where it cannot reach what counts them for all nodes. */
  whenLimiterUnavailable: WhenLimiterUnavailable
  /** How many days each kind of record is kept; audit events for good where nothing is said. */
  retention: { usageDays: number; decisionsDays: number; callersDays: number; auditDays: number | null }
}

/** Refuses everything with 503, or goes on for so long: a key that is revoked meanwhile is accepted until then. */
type WhenStoreUnavailable = 'refuse' | { keepServingSeconds: number }

export interface Setting {
  /** Reads what a flag, a variable or the file says; its message follows "… is not usable: ". */
  read: z.ZodType
  fallback: unknown
  variable: string
  /** Without the dashes; absent: it cannot be given on the command line. */
  flag?: { name: string; takes: string; repeatable?: true; about: string }
  /** Never printed, may be read from the file that `<variable>_FILE` names. */
  secret?: true
  /** Kept out of the configuration file, which people commit. */
  notInFile?: true
}

const text = z.string({ error: 'it has to be a text' }).min(1, 'it is empty')

const port = z.preprocess(
  (value) => (typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value),
  z.int('it has to be a whole number').min(0, 'it has to be 0 to 65535').max(65_535, 'it has to be 0 to 65535'),
)

const host = text.regex(/^[A-Za-z0-9._:-]+$/, 'it has to be a host name or an address, without a port')

/** An address as seen from outside: no credentials, path, query or fragment that something would silently ignore. */
const origin = text.transform((value, context) => {
  const url = httpUrl(value)
  if (url && url.href === `${url.origin}/`) return url.origin
  context.addIssue('it has to be an address such as https://api.example.com, without a path')
  return z.NEVER
})

const upstream = text.transform((value, context) => {
  const url = httpUrl(value)
  if (url && !url.search && !url.hash && !url.username && !url.password && !/[%;]|\/\//.test(url.pathname)) return url
  context.addIssue(
    'it has to be an address such as http://127.0.0.1:3000, without a user, and nothing but a plain path after the port',
  )
  return z.NEVER
})

function httpUrl(value: string): URL | null {
  const url = URL.canParse(value) ? new URL(value) : null
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null
}

const ranges = z
  .preprocess(listOf, z.array(text).min(1, 'it is empty'))
  .refine(areRanges, 'it has to be IP addresses or CIDR ranges such as 10.0.0.0/8, without bits below the mask')

function listOf(value: unknown): unknown {
  const list = Array.isArray(value) ? value : [value]
  return list.flatMap((item) => (typeof item === 'string' ? item.split(/[\s,]+/).filter(Boolean) : [item]))
}

function areRanges(list: string[]): boolean {
  try {
    compileRanges(list)
    return true
  } catch {
    return false
  }
}

const notReadable = 'it is no address that can be read: percent-encode user and password, # as %23 and % as %25'

/** To the driver of PostgreSQL, and to no other, it stands for itself. */
const lonePercent = /%(?![0-9a-f]{2})/gi

const databaseUrl = text
  .regex(/^postgres(ql)?:\/\/./, 'it has to begin with postgres://')
  // Without a host, as in postgres://user@/keys?host=/run/postgresql, it is one for PostgreSQL alone.
  .refine((value) => isReadable(value.replace('@/', '@host/').replace(lonePercent, '%25')), notReadable)

const redisUrl = text
  .regex(/^rediss?:\/\/./, 'it has to begin with redis:// or rediss://')
  .refine(isReadable, notReadable)
  .refine(hasNumberedDatabase, 'nothing may stand behind its host but the number of a database: redis://host:6379/0')

/** The drivers find out as they connect, and say so without a word on which setting it was. */
function isReadable(value: string): boolean {
  try {
    const { username, password } = new URL(value)
    for (const part of [username, password]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

function hasNumberedDatabase(value: string): boolean {
  return !URL.canParse(value) || /^\/?\d*$/.test(new URL(value).pathname)
}

/** It travels in a header: visible ASCII alone. */
const longSecret = text.regex(
  /^[\x21-\x7e]{32,512}$/,
  'it has to be 32 or more visible ASCII characters, without spaces',
)

const peppers = text.transform((value, context) => {
  const list = value.split(',').map((entry) => {
    const [id = '', ...rest] = entry.trim().split(':')
    return { id, value: rest.join(':') }
  })
  const bare = list.findIndex((entry) => entry.value === '')
  if (bare >= 0) {
    context.addIssue(`it has to be id:value,…, and entry ${bare + 1} is not both`)
    return z.NEVER
  }
  try {
    createDigester(list)
    return list
  } catch (error) {
    context.addIssue(`it has to be id:value,…: ${error instanceof Error ? error.message.replace(/\.$/, '') : error}`)
    return z.NEVER
  }
})

const staleness = z.preprocess(
  (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
  z.int('it has to be 2 to 300').min(2, 'it has to be 2 to 300').max(300, 'it has to be 2 to 300'),
)

const whenStoreUnavailable = text.transform((value, context): WhenStoreUnavailable => {
  const served = /^keepServing\(([1-9]\d{0,5})\)$/.exec(value)?.[1]
  if (value === 'refuse') return 'refuse'
  if (served !== undefined && Number(served) <= 86_400) return { keepServingSeconds: Number(served) }
  context.addIssue('it has to be "refuse", or "keepServing(600)" with seconds up to 86400')
  return z.NEVER
})

function pairOf(text: string): [string, string | null] {
  const [name = '', ...rest] = text.split('=')
  const value = rest.join('=')
  return [name, value === 'null' ? null : value]
}

function days(least: number) {
  const message = `it has to be a whole number from ${least} to 3660`
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value),
    z.int(message).min(least, message).max(3660, message),
  )
}

/** In a variable: `usageDays=400,auditDays=null`. What is left out stays as it is. */
const retention = z.preprocess(
  (value) => (typeof value === 'string' ? Object.fromEntries(value.split(',').map(pairOf)) : value),
  z.strictObject(
    {
      usageDays: days(1).default(400),
      decisionsDays: days(1).default(30),
      callersDays: days(1).default(90),
      // Calls that may still be repeated, and nodes that were away, look for changes of the last days.
      auditDays: days(7).nullable().default(null),
    },
    'it has to hold usageDays, decisionsDays, callersDays or auditDays, such as usageDays=400',
  ),
)

const yesOrNo = z.preprocess(
  (value) => ({ true: true, false: false })[String(value)] ?? value,
  z.boolean('it has to be true or false'),
)

const redisLimits = z.enum(['exact', 'leased'], 'it has to be "exact" or "leased"')

const whenLimiterUnavailable = z.enum(
  ['localShare', 'refuse', 'allow'],
  'it has to be "localShare", "refuse" or "allow"',
)

/** null: not each of them is `price:plan`. */
function pricesIn(text: string): Record<string, string> | null {
  const pairs = text.split(',').map((pair) => pair.trim().split(':'))
  return pairs.every(({ length }) => length === 2) ? Object.fromEntries(pairs) : null
}

/** `{ price_1Abc: 'pro' }` in the file, `price_1Abc:pro,…` in the variable. */
const stripePrices = z.preprocess(
  (value) => (typeof value === 'string' ? pricesIn(value) : value),
  z.record(z.string().min(1), z.string('it has to be price:plan,…').min(1), 'it has to be price:plan,…'),
)

const signUp = z.enum(['invited', 'open'], 'it has to be "invited" or "open"')

export const settings: { readonly [Name in keyof Settings]: Setting } = {
  contract: {
    read: text,
    fallback: 'keywright',
    variable: 'KEYWRIGHT_CONTRACT',
    flag: { name: 'contract', takes: '<name or file>', about: 'how your API does API keys; keywright unless given' },
  },
  upstream: {
    read: upstream,
    fallback: null,
    variable: 'KEYWRIGHT_UPSTREAM',
    flag: { name: 'upstream', takes: '<url>', about: 'the API that requests with a valid key are forwarded to' },
  },
  host: {
    read: host,
    fallback: '127.0.0.1',
    variable: 'KEYWRIGHT_HOST',
    flag: { name: 'host', takes: '<host>', about: 'address that the edge listens on; 127.0.0.1 unless given' },
  },
  port: {
    read: port,
    fallback: 8787,
    variable: 'KEYWRIGHT_PORT',
    flag: { name: 'port', takes: '<port>', about: 'port that the edge listens on; 8787 unless given' },
  },
  controlHost: {
    read: host,
    fallback: '127.0.0.1',
    variable: 'KEYWRIGHT_CONTROL_HOST',
    flag: {
      name: 'control-host',
      takes: '<host>',
      about: 'address that the control side listens on; 127.0.0.1 unless given',
    },
  },
  controlPort: {
    read: port,
    fallback: 8788,
    variable: 'KEYWRIGHT_CONTROL_PORT',
    flag: { name: 'control-port', takes: '<port>', about: 'port that the control side listens on; 8788 unless given' },
  },
  publicUrl: {
    read: origin,
    fallback: null,
    variable: 'KEYWRIGHT_PUBLIC_URL',
    flag: { name: 'public-url', takes: '<url>', about: 'the edge as seen from outside' },
  },
  consoleUrl: {
    read: origin,
    fallback: null,
    variable: 'KEYWRIGHT_CONSOLE_URL',
    flag: { name: 'console-url', takes: '<url>', about: 'the control side as seen from outside' },
  },
  trustedProxies: {
    read: ranges,
    fallback: null,
    variable: 'KEYWRIGHT_TRUSTED_PROXIES',
    flag: {
      name: 'trusted-proxy',
      takes: '<cidr>',
      repeatable: true,
      about: 'a proxy whose word on addresses and original requests counts',
    },
  },
  data: {
    read: text,
    fallback: './.keywright',
    variable: 'KEYWRIGHT_DATA',
    flag: {
      name: 'data',
      takes: '<dir>',
      about: 'folder for the embedded database and the first service key; ./.keywright unless given',
    },
  },
  database: {
    read: databaseUrl,
    fallback: null,
    variable: 'KEYWRIGHT_DATABASE_URL',
    flag: { name: 'database', takes: '<url>', about: 'postgres://… instead of the embedded database' },
    secret: true,
  },
  redis: {
    read: redisUrl,
    fallback: null,
    variable: 'KEYWRIGHT_REDIS_URL',
    flag: { name: 'redis', takes: '<url>', about: 'where many nodes count limits together' },
    secret: true,
  },
  redisLimits: { read: redisLimits, fallback: 'exact', variable: 'KEYWRIGHT_REDIS_LIMITS' },
  serviceKey: {
    read: longSecret,
    fallback: null,
    variable: 'KEYWRIGHT_SERVICE_KEY',
    secret: true,
    notInFile: true,
  },
  secret: { read: longSecret, fallback: null, variable: 'KEYWRIGHT_SECRET', secret: true, notInFile: true },
  peppers: { read: peppers, fallback: [], variable: 'KEYWRIGHT_PEPPERS', secret: true, notInFile: true },
  maxStalenessSeconds: { read: staleness, fallback: 10, variable: 'KEYWRIGHT_MAX_STALENESS_SECONDS' },
  whenStoreUnavailable: {
    read: whenStoreUnavailable,
    fallback: 'refuse',
    variable: 'KEYWRIGHT_WHEN_STORE_UNAVAILABLE',
  },
  retention: {
    read: retention,
    fallback: { usageDays: 400, decisionsDays: 30, callersDays: 90, auditDays: null },
    variable: 'KEYWRIGHT_RETENTION',
  },
  whenLimiterUnavailable: {
    read: whenLimiterUnavailable,
    fallback: 'localShare',
    variable: 'KEYWRIGHT_WHEN_LIMITER_UNAVAILABLE',
  },
  ...peopleSettings,
  signUp: { read: signUp, fallback: 'invited', variable: 'KEYWRIGHT_SIGN_UP' },
  stripeWebhookSecret: {
    read: text.regex(/^[\x21-\x7e]{16,512}$/, 'it has to be 16 or more visible ASCII characters'),
    fallback: null,
    variable: 'KEYWRIGHT_STRIPE_WEBHOOK_SECRET',
    secret: true,
    notInFile: true,
  },
  stripePrices: { read: stripePrices, fallback: {}, variable: 'KEYWRIGHT_STRIPE_PRICES' },
  accessLog: { read: yesOrNo, fallback: false, variable: 'KEYWRIGHT_ACCESS_LOG' },
}
