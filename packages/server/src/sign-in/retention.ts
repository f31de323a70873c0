import { type Hourly, startHourly } from '../hourly.ts'

const keptMs = 30 * 86_400_000
const rowsAtOnce = 500

/** Deletes some of what was over before then; how many. Of no more than `limit` of the oldest is it asked whether they are. */
export type PruneOver = (before: Date, limit: number) => Promise<number>

export interface SignInRetentionOptions {
  prunes: readonly PruneOver[]
  /** One that all nodes have in common. */
  now: () => Date | Promise<Date>
  onError: (error: unknown) => void
}

/**
 * Deletes sessions, logins from terminals and invitations that were over for 30 days, with the addresses they hold: nobody
 * is let in by them, and nobody is told anything else once they are gone. That they were there the audit log says.
 */
export function startSignInRetention({ prunes, now, onError }: SignInRetentionOptions): Hourly {
  return startHourly(async () => {
    const before = new Date((await now()).getTime() - keptMs)
    let pruned = 0
    for (const prune of prunes) pruned += await prune(before, rowsAtOnce)
    return pruned > 0
  }, onError)
}
