import { hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import type { Change, ChangeEvent } from './event.ts'

/** The last change, or number 0 and 64 zeros where there is none. */
export interface Head {
  number: number
  hash: string
}

export const emptyHead: Head = Object.freeze({ number: 0, hash: '0'.repeat(64) })

/**
 * The text that is hashed for a change: canonical JSON (RFC 8785) of
 * `{action, actor: {address, id, requestId, triggeredBy, type}, at, details, number, organization, target}`,
 * with `at` in RFC 3339, UTC, three digits of milliseconds: `2026-11-20T08:00:00.000Z`.
 */
export function entryText(change: Omit<Change, 'hash'>): string {
  const { number, action, organization, target, actor, at, details } = change
  const { type, id, triggeredBy, address, requestId } = actor
  return canonicalJson({
    number,
    action,
    organization,
    target,
    actor: { type, id, triggeredBy, address, requestId },
    at: at.toISOString(),
    details,
  })
}

/** The change that `text` was written from. */
export function parseEntry(text: string, hash: string): Change {
  const entry = JSON.parse(text) as Omit<Change, 'at' | 'hash'> & { at: string }
  return { ...entry, at: new Date(entry.at), hash }
}

/**
 * Numbers `event` as the one after `previous` and chains it:
 *
 *     hash = hex(SHA-256(previous.hash + entryText))
 *
 * over the UTF-8 bytes of the 64 hexadecimal characters followed by the entry's text, with nothing between them.
 * Throws where `at` is no date, or `details` no JSON.
 */
export function link(previous: Head, event: ChangeEvent): Change {
  const text = entryText({ ...event, number: previous.number + 1 })
  return parseEntry(text, hashOf(previous.hash, text))
}

/** Links `events` one after the other. */
export function linkAll(head: Head, events: readonly ChangeEvent[]): Change[] {
  let previous = head
  return events.map((event) => {
    const change = link(previous, event)
    previous = change
    return change
  })
}

/** `head` is the last change that was checked: go on from there. */
export type ChainVerdict = { ok: true; head: Head } | { ok: false; number: number }

/**
 * Checks that `changes` follow `start` without a gap and that none was altered. Otherwise answers the number at which
 * the first one that does not fit should have stood. Changes missing from the end show only in the answered `head`:
 * compare it with one that was kept elsewhere.
 */
export function verifyChain(start: Head, changes: Iterable<Change>): ChainVerdict {
  let head: Head = { number: start.number, hash: start.hash }
  for (const change of changes) {
    if (!follows(head, change)) return { ok: false, number: head.number + 1 }
    head = { number: change.number, hash: change.hash }
  }
  return { ok: true, head }
}

function follows(head: Head, change: Change): boolean {
  if (change.number !== head.number + 1) return false
  try {
    return hashOf(head.hash, entryText(change)) === change.hash
  } catch {
    // An altered entry may not even be writable: an invalid date, a missing actor.
    return false
  }
}

function hashOf(previousHash: string, text: string): string {
  return hash('sha256', previousHash + text)
}
