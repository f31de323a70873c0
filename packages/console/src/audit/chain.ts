import type { AuditEvent } from '@keywright/client'

export interface ChainCheck {
  /** Entries whose hash was computed anew from the entry before them. */
  checked: number
  /** Entries whose neighbour is another organization's, or not there: they cannot be checked alone. */
  apart: number
  /** The first entry that does not fit; null: all fit. */
  broken: number | null
}

/** Canonical JSON (RFC 8785) of plain data. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

async function hashOf(previousHash: string, { hash: _, ...entry }: AuditEvent): Promise<string> {
  const bytes = new TextEncoder().encode(previousHash + canonical(entry))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Follows the chain through `events`, in any order. The first of all is bound to nothing but itself. */
export async function checkChain(events: readonly AuditEvent[]): Promise<ChainCheck> {
  const inOrder = [...events].sort((a, b) => a.number - b.number)
  const check: ChainCheck = { checked: 0, apart: 0, broken: null }
  for (const [i, event] of inOrder.entries()) {
    const previous = event.number === 1 ? '0'.repeat(64) : before(inOrder[i - 1], event)
    if (previous === null) check.apart++
    else if ((await hashOf(previous, event)) === event.hash) check.checked++
    else check.broken ??= event.number
  }
  return check
}

function before(previous: AuditEvent | undefined, { number }: AuditEvent): string | null {
  return previous?.number === number - 1 ? previous.hash : null
}
