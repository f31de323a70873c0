import { createDigester, type Digester } from '../key/digest.ts'
import { newId } from '../key/id.ts'
import type { FoundKey, KeySource } from '../store/store.ts'
import { createCall, malformed, otherPeppers } from './call.ts'
import { ChangeFeed } from './change-feed.ts'
import { readFoundKey } from './found-key.ts'
import { strangeness } from './peppers.ts'

export interface RemoteOptions {
  /** Of a server's control side: `https://keywright.example.com`. */
  url: string | URL
  /** With the permission `verify`, bound to no organization. */
  serviceKey: string
  /**
   * How long keys that are known here may be accepted after the server was last heard, 3 to 3600; 10. After it every
   * verification rejects, which the middleware answers with 503.
   */
  maxStalenessSeconds?: number
  /**
   * With the server's peppers, where it has some, or more; the verifier takes it from here. As long as one of them is
   * missing, verifying a key that is not found rejects, since it may be a valid one.
   */
  digester?: Digester
  /** The service key and digests of keys go over the network readable: for a network that nobody else is on. */
  unencrypted?: boolean
}

/** Where a server has the keys. */
export interface RemoteKeys extends Required<KeySource> {
  /** Stops following: from then on every verification rejects. Resolves once the server does not wait for this process. */
  close(): Promise<void>
}

const answerMs = 5_000
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Keys of a server, for `createVerifier({ contract, keys: remote({ url, serviceKey }) })`: a key is asked for once and
 * then answered from memory, and a change on the server is in force here within a second. Give the same contract as the
 * server's. Limits are counted in this process alone.
 */
export function remote({
  url,
  serviceKey,
  maxStalenessSeconds = 10,
  digester = createDigester(),
  unencrypted = false,
}: RemoteOptions): RemoteKeys {
  const server = new URL(url)
  if (server.protocol !== 'https:' && !unencrypted && !loopback.test(server.hostname)) {
    throw new TypeError(
      `${server.origin} would get the service key unencrypted. Use https, or say unencrypted: true where nobody else is on that network.`,
    )
  }
  if (!Number.isInteger(maxStalenessSeconds) || maxStalenessSeconds < 3 || maxStalenessSeconds > 3600) {
    throw new RangeError('maxStalenessSeconds must be a whole number from 3 to 3600.')
  }
  const closing = new AbortController()
  const { signal } = closing
  const call = createCall({ url: server, serviceKey })
  const unusable = () => malformed(server)
  const name = newId('follower')
  const feed = new ChangeFeed({ call, name, maxStalenessSeconds, malformed: unusable, signal })

  async function ask(body: { digest: string } | { key: string }): Promise<FoundKey | undefined> {
    // Keys that have changed are few at once, and until they are read no more is heard of changes.
    const inTurn = 'digest' in body
    const answer = await call({ method: 'POST', path: '/v1/followers/keys', body, inTurn, timeoutMs: answerMs })
    const found = readFoundKey(answer)
    const strange = strangeness(digester.peppers, answer.peppers)
    if (found === null || strange === undefined) throw unusable()
    if (found === undefined && strange !== null && 'digest' in body) throw otherPeppers(server, strange)
    // Older than anything is what is read again, and not kept.
    if (found && !feed.saw({ number: found.readAt, hash: found.readHash })) return { ...found, readAt: -1 }
    return found
  }

  return {
    find: (digest) => ask({ digest }),
    found: (key) => ask({ key }),
    digester,
    follow: (follower) => feed.follow(follower),
    async close() {
      if (signal.aborted) return
      closing.abort()
      // A server that is away waits for no longer than our time runs, once it is back.
      await call({ method: 'DELETE', path: `/v1/followers/${name}`, timeoutMs: answerMs }).catch(() => {})
    },
  }
}
