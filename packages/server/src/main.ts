import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { routesOf } from '@keywright/contracts'
import {
  type Change,
  compileFormat,
  createAddressing,
  createDigester,
  createVerifier,
  type Head,
  Lease,
  type Lifecycle,
  leased,
  newId,
  publish,
  type Store,
} from '@keywright/core'
import { createCliTokens } from './access/cli-tokens.ts'
import { mintServiceKey } from './access/service-key-format.ts'
import { createServiceKeys } from './access/service-keys.ts'
import { startAuditRetention } from './audit/retention.ts'
import { openDataFolder } from './config/data-folder.ts'
import { keysOfAnother } from './config/keys-of-another.ts'
import { readContract } from './config/read-contract.ts'
import type { Settings } from './config/settings.ts'
import { checkSoldPlans } from './config/sold-plans.ts'
import { SettingError, StartError } from './config/start-error.ts'
import { createConsole } from './console/console.ts'
import { createControl } from './control/app.ts'
import { createControlListener } from './control/listener.ts'
import { createDocs } from './docs/docs.ts'
import { contractUsage } from './edge/contract-usage.ts'
import { createEdge } from './edge/edge.ts'
import { createFailedAttempts } from './edge/failed-attempts.ts'
import { type Feed, startFeed } from './feed/feed.ts'
import { onlyNode } from './feed/nodes.ts'
import { createForwardAuth } from './forward-auth/forward-auth.ts'
import { createGateway, type GatewayTimeouts } from './gateway/gateway.ts'
import type { Hourly } from './hourly.ts'
import { createHttpServer, type HttpServer } from './http/server.ts'
import { type CommonCounters, countTogether } from './limits/count-together.ts'
import { createAccessLog } from './log/access-log.ts'
import { createLogger, type Logger, type LogSink } from './log/logger.ts'
import { createRedaction } from './log/redact.ts'
import { tellOutage } from './log/tell-outage.ts'
import { createMetrics } from './metrics/metrics.ts'
import type { PeopleDatabase } from './sign-in/better-auth.ts'
import { contractPeople } from './sign-in/contract-people.ts'
import { createSignIn } from './sign-in/create.ts'
import { firstOperatorInvitation } from './sign-in/invitations.ts'
import { createLetters, type Letters } from './sign-in/letters.ts'
import { startSignInRetention } from './sign-in/retention.ts'
import { invitationLink } from './sign-in/sign-in.ts'
import { explainPostgres } from './stores/explain-postgres.ts'
import {
  openHints,
  openPeopleFile,
  openPostgres,
  openSqlite,
  type SharedStore,
  type SqliteStore,
} from './stores/index.ts'
import { createCheckout } from './stripe/checkout.ts'
import { createStripeWebhook } from './stripe/webhook.ts'
import { startUsage, type Usage } from './usage/usage.ts'
import { createVerifyEndpoint } from './verify-endpoint/verify-endpoint.ts'

/** A running instance. */
export interface Instance {
  /** The two addresses as they are bound. */
  edge: string
  control: string
  /** Every change made through it is in force on this node before it resolves. */
  lifecycle: Lifecycle
  /** null: the key was given by the settings, and is in no file. */
  serviceKeyFile: string | null
  /** Opened once, it makes an operator of who opens it; null where there is one. Each call makes a new one. */
  operatorLink: () => Promise<string | null>
  log: Logger
  /** Finishes what is under way, within ten seconds. */
  stop: () => Promise<void>
}

export interface InstanceOptions {
  /** What relative paths in the settings are relative to. */
  folder: string
  logTo?: LogSink
  timeouts?: Partial<GatewayTimeouts>
}

const drainMs = 6_000
/** For last words to databases, Redis and mail servers: those that do not answer keep nobody from stopping. */
const lastWordsMs = 2_000
/** Of the ten seconds that a stop may take: to close the databases takes one. */
const countedWithinMs = 8_500
const loopback = ['127.0.0.0/8', '::1']

/** Makes one instance of the parts, and opens both listeners. @throws StartError */
export async function startInstance(
  settings: Settings,
  { folder, logTo, timeouts }: InstanceOptions,
): Promise<Instance> {
  const contract = await readContract(settings.contract, folder)
  checkSoldPlans(settings, contract)
  const format = compileFormat(contract.key)
  const redact = createRedaction(contract.key.forms.map(({ prefix }) => prefix))
  const hasCredential = (text: string) => redact(text) !== text
  const log = createLogger({ redact, ...(logTo && { sink: logTo }) })
  const data = openDataFolder(resolve(folder, settings.data))
  const digester = createDigester(settings.peppers)
  const node = `${hostname()}-${newId('node')}`
  const opened = openStore(settings, data.databaseFile, node, (last) => feed?.saw(last))
  const shared = 'nodes' in opened ? opened : null
  let feed: Feed | null = null
  let common: CommonCounters | null = null
  let peopleDatabase: PeopleDatabase | null = null
  let letters: Letters | null = null
  let controlUrl = ''
  let usage: Usage | null = null
  const retentions: Hourly[] = []
  let isMigrated = false
  let isAmongNodes = false
  try {
    const prepare = async () => {
      if (!isMigrated) await shared?.prepare()
      isMigrated = true
      const missing = await opened.peppers.agree(digester.peppers, { node, maxStalenessMs: leaseMs(settings) })
      if (!isAmongNodes) {
        for (const id of missing) log.warn(withoutPepper(id))
        const foreign = await keysOfAnother(opened, contract)
        if (foreign !== null) log.warn(foreign)
      }
      isAmongNodes = true
    }
    await preparing(prepare, shared, log)
    const configured = settings.serviceKey ?? data.serviceKey(() => mintServiceKey().credential)
    const serviceKeys = createServiceKeys({ store: opened, configured, digester })
    const metrics = createMetrics()
    const lease = shared && new Lease(leaseMs(settings))
    const tellUnwritten = tellOutage(log, 'usage could not be written down, and is kept to be written later')
    usage = startUsage({
      contract,
      store: opened.usage,
      redact,
      retention: settings.retention,
      ...(shared && { clock: shared.clock }),
      onError: (error) => tellUnwritten(error, {}),
      onDropped: metrics.dropped,
    })
    let nodes = 1
    common = await countTogether({ ...settings, ledgers: shared?.limits ?? null, nodes: () => nodes, log })
    const asked = createVerifier({
      contract,
      keys: opened,
      digester,
      quotas: usage.quotas,
      counters: common.counters,
    })
    const verifier = usage.recording(lease ? leased(asked, lease) : asked)
    const apply = async (changes: readonly Change[]) => {
      serviceKeys.apply(changes)
      usage?.apply(changes)
      await verifier.apply(changes)
    }
    const store = publish(opened, async (changes) => {
      await apply(changes)
      feed?.published(changes)
    })
    const lifecycle: Lifecycle = { contract, format, digester, store, now: () => new Date() }
    const addressing = createAddressing(settings.trustedProxies ?? [])
    const forwardAuthAddressing = createAddressing(settings.trustedProxies ?? loopback)
    let origin = originOf(settings.publicUrl ?? 'http://127.0.0.1')
    const gateway =
      settings.upstream &&
      createGateway({
        verifier,
        upstream: settings.upstream,
        origin: () => origin,
        forwardedFor: addressing.chainOf,
        log,
        metrics: metrics.upstream,
        ...(timeouts && { timeouts }),
      })
    const secret = settings.secret ?? (shared ? null : data.secret(() => randomBytes(32).toString('base64url')))
    if (secret === null) log.warn('people cannot sign in: set KEYWRIGHT_SECRET, the same on every node')
    else peopleDatabase = shared ? shared.people : openPeopleFile(data.peopleFile)
    letters = createLetters(settings.smtpUrl === null ? null : mailOf(settings), log)
    const signIn =
      peopleDatabase &&
      createSignIn({
        database: peopleDatabase,
        store: opened.signIn,
        lifecycle,
        secret: secret ?? '',
        signUp: settings.signUp,
        consoleUrl: settings.consoleUrl,
        boundUrl: () => controlUrl,
        letters,
        providers: settings.providers,
        warn: (error) => log.warn('sign-in', { error }),
      })
    const clock = shared?.clock ?? lifecycle.now
    const { auditDays: days } = settings.retention
    const dueLeft = (what: string) => (error: unknown) =>
      log.error(`${what} that are due could not be deleted`, { error })
    if (days !== null)
      retentions.push(startAuditRetention({ store, now: clock, days, onError: dueLeft('audit events') }))
    const prunes = [opened.signIn.prune, ...(signIn ? [signIn.people.prune] : [])]
    retentions.push(startSignInRetention({ prunes, now: clock, onError: dueLeft('sessions and invitations') }))
    const cliTokens = createCliTokens({ store: opened, use: opened.signIn.cliTokenUse, digester, now: lifecycle.now })
    const authenticateServiceKey = serviceKeys.authenticate
    const ownVerifier = metrics.counting(verifier, 'contract')
    const people = contractPeople(signIn, cliTokens)
    const routeDeps = { lifecycle, verifier: ownVerifier, usage: contractUsage(usage), authenticateServiceKey, people }
    const routes = routesOf(contract)?.create(routeDeps) ?? null
    const failedAttempts = createFailedAttempts(verifier)
    const edgeServer = createHttpServer(
      createEdge({
        verifier: metrics.counting(verifier, 'gateway'),
        gateway,
        routes,
        addressing,
        failedAttempts,
        accessLog: settings.accessLog ? createAccessLog(log, contract, redact) : null,
        hasCredential,
        log,
      }),
    )
    const edgeOrigin = () => `${origin.scheme}://${origin.host}`
    const control = createControl({
      lifecycle,
      verifier,
      serviceKeys,
      cliTokens,
      signIn,
      stripe:
        settings.stripeWebhookSecret === null
          ? null
          : createStripeWebhook({
              lifecycle,
              subscriptions: opened.subscriptions,
              secret: settings.stripeWebhookSecret,
              prices: settings.stripePrices,
              log,
            }),
      checkout:
        secret === null || settings.stripeWebhookSecret === null
          ? null
          : createCheckout({
              lifecycle,
              secret,
              links: settings.stripePaymentLinks,
              isSecure: settings.consoleUrl?.startsWith('https:') === true,
            }),
      edge: edgeOrigin,
      revocationSeconds: shared ? leaseMs(settings) / 1000 : 0,
      calls: opened.calls,
      usage,
      hasCredential,
      nodes: 'nodes' in opened ? opened.nodes : await onlyNode(node, opened.followers),
      logger: log,
    })
    const controlServer = createHttpServer(
      createControlListener({
        control,
        console: createConsole({
          isHttps: settings.consoleUrl?.startsWith('https:') ?? false,
          embedOrigins: settings.embedOrigins,
        }),
        docs: createDocs({ contract, edge: edgeOrigin, control: () => settings.consoleUrl ?? controlUrl }),
        verify: createVerifyEndpoint({
          verifier: metrics.counting(verifier, 'verify'),
          format,
          authenticate: serviceKeys.authenticate,
          log,
        }),
        forwardAuth: createForwardAuth({
          verifier: metrics.counting(verifier, 'forward_auth'),
          addressing: forwardAuthAddressing,
          failedAttempts,
          log,
        }),
        isReady: async () => lease?.holds !== false && (await canRead(opened)),
        metrics: metrics.endpoint(serviceKeys.authenticate),
        addressing,
        hasCredential,
        log,
      }),
    )
    if (shared && lease) {
      log.info(consequences(settings))
      const { changes } = shared.changeLog
      const onNodes = (count: number) => {
        nodes = count
      }
      const hints = openHints(settings.database ?? '', log)
      const reset = () => {
        serviceKeys.reset()
        verifier.reset()
      }
      const peppers = digester.peppers.map(({ fingerprint }) => fingerprint).join(',')
      const own = { node, peppers, lease, apply, reset, onNodes, prepare, log }
      feed = await startFeed({ ...own, nodes: shared.nodes, hints, changes })
    }
    if (settings.port !== 0 && settings.port === settings.controlPort && settings.host === settings.controlHost) {
      throw new SettingError(
        `Port ${settings.port} is named for both sides.`,
        'Choose another one with --control-port.',
      )
    }
    controlUrl = await open(controlServer, settings.controlHost, settings.controlPort, 'control-port')
    const edgeUrl = await open(edgeServer, settings.host, settings.port, 'port').catch(async (error) => {
      await controlServer.drain(0)
      throw error
    })
    if (settings.publicUrl === null) origin = originOf(edgeUrl)
    log.info('ready', { edge: edgeUrl, control: controlUrl, contract: contract.name })

    return {
      edge: edgeUrl,
      control: controlUrl,
      lifecycle,
      serviceKeyFile: settings.serviceKey === null ? data.serviceKeyFile : null,
      operatorLink: async () => {
        const token = signIn && (await firstOperatorInvitation(lifecycle))
        return signIn && token && invitationLink(signIn.consoleUrl(), token)
      },
      log,
      async stop() {
        const stoppedMs = performance.now()
        for (const retention of retentions) retention.stop()
        gateway?.endTunnels()
        await Promise.all([edgeServer.drain(drainMs), controlServer.drain(drainMs)])
        const counted = Promise.race([usage?.stop(), outOfTime(stoppedMs + countedWithinMs - performance.now())])
        const use = counted.catch((error) => log.error('the last use could not be written down', { error }))
        const lastWords = Promise.allSettled([gateway?.close(), common?.stop(), feed?.stop(), letters?.close()])
        await Promise.all([use, Promise.race([lastWords, sleep(lastWordsMs, undefined, { ref: false })])])
        await peopleDatabase?.close()
        await opened.close()
        log.info('stopped')
      },
    }
  } catch (error) {
    for (const retention of retentions) retention.stop()
    await usage?.stop().catch(() => {})
    await common?.stop().catch(() => {})
    if (feed) await feed.stop()
    else if (isAmongNodes) await shared?.nodes.leave(node).catch(() => {})
    await peopleDatabase?.close()
    await opened.close()
    throw error
  }
}

async function outOfTime(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false })
  throw new Error('Not all of it was written before the process had to end.')
}

function mailOf({ smtpUrl, mailFrom }: Settings): { url: string; from: string } {
  if (smtpUrl !== null && mailFrom !== null) return { url: smtpUrl, from: mailFrom }
  throw new SettingError('Mail needs a sender.', 'Set KEYWRIGHT_MAIL_FROM, such as "Keys <keys@example.com>".')
}

function openStore(
  { database }: Settings,
  file: string,
  node: string,
  onFound: (last: Head) => void,
): SqliteStore | SharedStore {
  return database === null ? openSqlite(file) : openPostgres(database, node, onFound)
}

/** A database that is away is waited for, with 503 meanwhile. What only a person can put right stops the start. */
async function preparing(prepare: () => Promise<void>, shared: SharedStore | null, log: Logger): Promise<void> {
  try {
    await prepare()
  } catch (error) {
    const known = explainPostgres(error)
    if (known) throw new StartError(known.message, known.hint)
    if (!shared) throw error
    log.warn('the database cannot be reached: nothing is let through until it can', { error })
  }
}

function withoutPepper(id: string): string {
  return `pepper '${id}' is not among KEYWRIGHT_PEPPERS: keys made under it are unknown here`
}

/** What was chosen, or left as it is, for when something is out of reach. */
function consequences({ maxStalenessSeconds, whenStoreUnavailable: choice, whenLimiterUnavailable }: Settings): string {
  const then = choice === 'refuse' ? 'refuses' : `goes on for ${choice.keepServingSeconds} s with keys it knows`
  return `cut off from the database for ${maxStalenessSeconds} s this node ${then}; uncounted limits: ${whenLimiterUnavailable}`
}

function leaseMs({ maxStalenessSeconds, whenStoreUnavailable: choice }: Settings): number {
  const seconds = choice === 'refuse' ? 0 : choice.keepServingSeconds
  return Math.max(maxStalenessSeconds, seconds) * 1000
}

function originOf(url: string): { scheme: string; host: string } {
  const { protocol, host } = new URL(url)
  return { scheme: protocol.slice(0, -1), host }
}

/** As a credential is looked up, so that whoever manages keys holds up nobody who asks, and soon. */
async function canRead(store: Store): Promise<boolean> {
  try {
    await store.find('')
    return true
  } catch {
    return false
  }
}

async function open(server: HttpServer, host: string, port: number, flag: 'port' | 'control-port'): Promise<string> {
  try {
    return await server.listen(host, port)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new StartError(`Port ${port} on ${host} cannot be opened: ${reasons[code] ?? code}.`, hints(code, flag))
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'this user may not open it',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the name is not known',
}

function hints(code: string, flag: 'port' | 'control-port'): string {
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `Choose an address of this machine with --${flag.replace('port', 'host')}.`
  return `${code === 'EADDRINUSE' ? 'Stop that program, or choose' : 'Choose'} another port with --${flag}.`
}
