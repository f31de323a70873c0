import type { CliTokenRecord, Digester, Store } from '@keywright/core'
import { isCliToken } from './cli-token-format.ts'

/** Writes down that a token was used, and nothing else about it. */
export interface CliTokenUse {
  touch(id: string, now: Date): Promise<void>
}

export interface CliTokens {
  /** null for what is no CLI token, unknown, revoked or expired. Read anew each time. */
  authenticate(credential: string): Promise<CliTokenRecord | null>
}

const touchAfterMs = 60_000

export function createCliTokens({
  store,
  use,
  digester,
  now,
}: {
  store: Pick<Store, 'cliToken'>
  use: CliTokenUse
  digester: Digester
  now: () => Date
}): CliTokens {
  return {
    async authenticate(credential) {
      if (!isCliToken(credential)) return null
      const at = now()
      for (const digest of digester.candidates(credential)) {
        const token = await store.cliToken(digest)
        if (!token) continue
        if (token.revokedAt || token.expiresAt <= at) return null
        if (!token.lastUsedAt || at.getTime() - token.lastUsedAt.getTime() >= touchAfterMs) {
          await use.touch(token.id, at)
        }
        return token
      }
      return null
    },
  }
}
