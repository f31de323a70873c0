import { hash } from 'node:crypto'
import { createClient, createCluster } from '@redis/client'

/** Redis or Valkey, one or a cluster, as the limits need it. */
export interface RedisClient {
  /** Whether keys must lie in one slot to be asked about together. */
  isCluster: boolean
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
  const options = { url, disableOfflineQueue: true, socket: { connectTimeout: connectWithinMs, reconnectStrategy } }
  const single = createClient(options)
  single.on('error', () => {})
  await Promise.race([single.connect(), elapsed(connectWithinMs)]).catch(() => {})
  if (!(await clusterEnabled(single))) return wrap(single, false, answerWithinMs)
  single.destroy()
  const cluster = createCluster({ rootNodes: [options], defaults: { ...authOf(url), ...options, url: '' } })
  cluster.on('error', () => {})
  await cluster.connect()
  return wrap(cluster, true, answerWithinMs)
}

type AnyClient = Pick<ReturnType<typeof createClient>, 'evalSha' | 'eval' | 'destroy'>

function wrap(client: unknown, isCluster: boolean, answerWithinMs: number): RedisClient {
  const asked = client as AnyClient
  return {
    isCluster,
    async run({ text, sha }, keys, args) {
      const input = { keys: [...keys], arguments: [...args] }
      const ask = async () => {
        try {
          return await asked.evalSha(sha, input)
        } catch (error) {
          if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return asked.eval(text, input)
          throw error
        }
      }
      return Promise.race([ask(), elapsed(answerWithinMs)])
    },
    close: () => asked.destroy(),
  }
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
