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

export function scriptOf(text: string): Script {
  return { text, sha: hash('sha1', text) }
}

/** Connects in the background, again and again. What is asked meanwhile, or not answered in time, is rejected at once. */
export async function openRedis(url: string, answerWithinMs = answerWithin): Promise<RedisClient> {
  // 480 files, which cost a start without Redis a quarter of a second.
  const { createClient, createCluster, ErrorReply } = await import('@redis/client')
  const options = { url, disableOfflineQueue: true, socket: { connectTimeout: connectWithinMs, reconnectStrategy } }
  const single = createClient(options)
  const { host } = new URL(url)
  let trouble: Error | null = null
  const away = (cause: unknown) => {
    trouble = new Error(`Redis at ${host} cannot be reached.`, { cause })
  }
  single.on('error', away).on('ready', () => {
    trouble = null
  })
  let client: AnyClient = single
  let isCluster = false
  let isClosed = false
  let joining: Promise<void> | null = null

  /** Until it is reached, as the server that was asked so far. */
  async function joinCluster(): Promise<void> {
    const cluster = createCluster({ rootNodes: [options], defaults: { ...authOf(url), ...options, url: '' } })
    cluster.on('error', away)
    const isReached = await Promise.race([cluster.connect(), elapsed(connectWithinMs)]).catch(() => null)
    if (isReached === null || isClosed) return cluster.destroy()
    single.destroy()
    client = cluster as unknown as AnyClient
    isCluster = true
    trouble = null
  }

  function join(): Promise<void> {
    joining ??= joinCluster().finally(() => {
      joining = null
    })
    return joining
  }

  await Promise.race([single.connect(), elapsed(connectWithinMs)]).catch((error) => trouble ?? away(error))
  if (await clusterEnabled(single)) await join()
  return {
    get isCluster() {
      return isCluster
    },
    get trouble() {
      return trouble
    },
    async run(script, keys, args) {
      try {
        const answer = await Promise.race([ask(client, script, keys, args), elapsed(answerWithinMs)])
        trouble = null
        return answer
      } catch (error) {
        // It was away when it would have said so by itself.
        if (!isCluster && isFromCluster(error)) void join()
        throw error instanceof ErrorReply ? error : (trouble ?? error)
      }
    },
    close() {
      isClosed = true
      client.destroy()
    },
  }
}

type AnyClient = Pick<ReturnType<typeof createClient>, 'evalSha' | 'eval' | 'destroy'>

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

/** What only one server of a cluster says, to who takes it for the only one. */
function isFromCluster(error: unknown): boolean {
  return error instanceof Error && /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN) /.test(error.message)
}

async function clusterEnabled(client: { info(section: string): Promise<unknown> }): Promise<boolean> {
  try {
    return /cluster_enabled:1/.test(String(await client.info('cluster')))
  } catch {
    return false
  }
}

function authOf(url: string): { username?: string; password?: string } {
  const { username, password } = new URL(url)
  return { ...(username && { username }), ...(password && { password: decodeURIComponent(password) }) }
}

function reconnectStrategy(attempts: number): number {
  return Math.min(2 ** attempts * 20, 1_000) * (0.75 + Math.random() / 2)
}

function elapsed(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms.`)), ms).unref()
  })
}
