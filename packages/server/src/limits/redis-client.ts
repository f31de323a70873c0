import { hash } from 'node:crypto'
import type { createClient } from '@redis/client'

/** Redis or Valkey, one or a cluster, as the limits need it. */
export interface RedisClient {
  /** Whether keys must lie in one slot to be asked about together. */
  isCluster: boolean
  /** Why it could not be reached when that was last tried; null since it has answered. */
  trouble: Error | null
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  close(): void
}

export interface Script {
  text: string
  sha: string
}

/** A request waits no longer to be counted. */
const answerWithin = 250
const connectWithinMs = 2_000
/** So long no other is connected to after the last try. */
const restMs = 500

export function scriptOf(text: string): Script {
  return { text, sha: hash('sha1', text) }
}

const probe = scriptOf('return 1')

/** Connects in the background, again and again. What is asked meanwhile, or not answered in time, is rejected at once. */
export async function openRedis(url: string, answerWithinMs = answerWithin): Promise<RedisClient> {
  // 480 files, which cost a start without Redis a quarter of a second.
  const { createClient, createCluster, ErrorReply } = await import('@redis/client')
  const options = { url, disableOfflineQueue: true, socket: { connectTimeout: connectWithinMs, reconnectStrategy } }
  const { host } = new URL(url)
  let trouble: Error | null = null
  const away = (cause: unknown) => {
    trouble = new Error(`Redis at ${host} cannot be reached.`, { cause })
  }
  const single = createClient(options)
  single.on('error', away).on('ready', () => {
    trouble = null
  })
  let client: AnyClient = single
  let isCluster = false
  let isClosed = false
  let renewing: Promise<void> | null = null
  let restsUntil = 0

  /** Until another one has answered, the one that was asked so far stays: a cluster may have no slots yet. */
  async function connectAnew(asCluster: boolean): Promise<void> {
    const socket = { socketTimeout: connectWithinMs }
    // The one that the address leads to may be the one that is frozen; the others know as well who has which slots.
    const known = client.masters?.map(({ host, port }) => ({ socket: { ...socket, host, port } })) ?? []
    const rootNodes = [{ url, socket }, ...known]
    // With the user, password and TLS of the address, for masters that it does not lead to.
    const cluster = () => createCluster({ rootNodes, defaults: { ...single.options, url: '' } })
    const next = (asCluster ? cluster() : createClient(options)) as unknown as AnyClient
    next.on('error', away)
    // Whatever else a server replies, NOPERM for one, it serves the slot.
    const serves = (error: unknown) => {
      if (!(error instanceof ErrorReply) || isFromCluster(error)) throw error
    }
    const answered = next.connect().then(() => ask(next, probe, ['keywright'], []).catch(serves))
    const isReached = await Promise.race([answered, elapsed(connectWithinMs)]).catch(() => null)
    if (isReached === null || isClosed) {
      next.destroy()
      // A cluster that says only now who has which slots is connected to all the same.
      void answered.catch(() => {}).then(() => next.destroy())
      return
    }
    client.destroy()
    client = next
    isCluster = asCluster
    trouble = null
  }

  async function renew(asCluster: boolean): Promise<void> {
    if (isClosed || (!renewing && performance.now() < restsUntil)) return
    renewing ??= connectAnew(asCluster).finally(() => {
      renewing = null
      restsUntil = performance.now() + restMs
    })
    await renewing
  }

  function renewAfter(error: unknown): void {
    const isReply = error instanceof ErrorReply
    // A table of slots that is wrong shows in errors of the client's own.
    if (isCluster && !isReply && !(error instanceof LateError)) void renew(true)
    if (!isCluster && isReply && isFromCluster(error)) void renew(true)
    if (!isCluster && isReply && isFromReplica(error)) void renew(false)
  }

  /** A server that is frozen, or cut off, ends no connection, and another may have its address or its slots by now. */
  async function renewUnlessAnswered(asked: Promise<unknown>): Promise<void> {
    const answered = asked.catch(() => {})
    await Promise.race([answered, elapsed(connectWithinMs)]).catch(() => renew(isCluster))
  }

  await Promise.race([single.connect(), elapsed(connectWithinMs)]).catch((error) => trouble ?? away(error))
  if (await Promise.race([clusterEnabled(single), elapsed(connectWithinMs)]).catch(away)) await renew(true)
  return {
    get isCluster() {
      return isCluster
    },
    get trouble() {
      return trouble
    },
    async run(script, keys, args) {
      const asked = ask(client, script, keys, args)
      try {
        const answer = await Promise.race([asked, elapsed(answerWithinMs)])
        trouble = null
        return answer
      } catch (error) {
        renewAfter(error)
        if (error instanceof LateError) void renewUnlessAnswered(asked)
        throw error instanceof ErrorReply ? error : (trouble ?? error)
      }
    },
    close() {
      isClosed = true
      client.destroy()
    },
  }
}

interface AnyClient extends Pick<ReturnType<typeof createClient>, 'evalSha' | 'eval' | 'destroy'> {
  connect(): Promise<unknown>
  /** Of a cluster. */
  masters?: readonly { host: string; port: number }[]
  on(event: 'error', listener: (error: unknown) => void): unknown
}

class LateError extends Error {}

async function ask(
  client: AnyClient,
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const input = { keys: [...keys], arguments: [...args] }
  try {
    return await client.evalSha(sha, input)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return client.eval(text, input)
    throw error
  }
}

/** What only one server of a cluster says, to who takes it for the only one: it was away when it would have said so. */
function isFromCluster({ message }: Error): boolean {
  return /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN) /.test(message)
}

/** What a server says that is the master no more. Its address may lead to another by now. */
function isFromReplica({ message }: Error): boolean {
  return /\b(READONLY|MASTERDOWN) /.test(message)
}

async function clusterEnabled(client: { info(section: string): Promise<unknown> }): Promise<boolean> {
  try {
    return /cluster_enabled:1/.test(String(await client.info('cluster')))
  } catch {
    return false
  }
}

function reconnectStrategy(attempts: number): number {
  return Math.min(2 ** attempts * 20, 1_000) * (0.75 + Math.random() / 2)
}

function elapsed(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new LateError(`Redis did not answer within ${ms} ms.`)), ms).unref()
  })
}
