import type { FoundKey } from '../store/store.ts'

const MOST = 4096

/** What has changed lately, to tell whether an answer that was under way meanwhile is older than that. */
export class RecentChanges {
  private readonly numbers = new Map<string, number>()
  /** Changes up to this one are no longer told apart: answers read before it count as too old. */
  private horizon = 0

  add(target: string, number: number): void {
    if (this.numbers.size >= MOST) {
      for (const known of this.numbers.values()) this.horizon = Math.max(this.horizon, known)
      this.numbers.clear()
    }
    // Changes that are applied side by side need not come in order.
    this.numbers.set(target, Math.max(number, this.numbers.get(target) ?? 0))
  }

  /** As if nothing had ever changed: numbers start anew. */
  clear(): void {
    this.numbers.clear()
    this.horizon = 0
  }

  outdate({ key, organization, readAt }: FoundKey): boolean {
    const since = (target: string) => (this.numbers.get(target) ?? 0) > readAt
    return (
      readAt < this.horizon ||
      since(key.id) ||
      since(organization.id) ||
      (key.createdBy !== null && since(`${organization.id}/${key.createdBy}`))
    )
  }
}
