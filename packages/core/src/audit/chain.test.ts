import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyHead, entryText, link, linkAll, parseEntry, verifyChain } from './chain.ts'
import type { Change, ChangeEvent } from './event.ts'

const text = fc.string({ unit: 'binary' })

const events: fc.Arbitrary<ChangeEvent> = fc.record({
  action: fc.constantFrom('key.created', 'key.rotated', 'member.removed'),
  organization: fc.option(text),
  target: text,
  actor: fc.record({
    type: fc.constantFrom('user', 'system'),
    id: text,
    triggeredBy: fc.constantFrom('ui', 'api'),
    address: fc.option(fc.ipV4()),
    requestId: fc.option(text),
  }),
  at: fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  details: fc.dictionary(text, fc.jsonValue()),
})

const chains = fc.array(events, { minLength: 2, maxLength: 8 }).map((all) => linkAll(emptyHead, all))

function brokenAt(changes: Change[]): number | undefined {
  const verdict = verifyChain(emptyHead, changes)
  return verdict.ok ? undefined : verdict.number
}

/** Two different places in a chain, the earlier one first. */
const twoPlaces = chains.chain((changes) =>
  fc
    .uniqueArray(fc.nat(changes.length - 1), { minLength: 2, maxLength: 2 })
    .map((places) => [changes, Math.min(...places), Math.max(...places)] as const),
)

describe('the chain', () => {
  it('is intact as it was linked, whole or checked in pieces', () => {
    fc.assert(
      fc.property(chains, fc.nat(8), (changes, cut) => {
        const whole = verifyChain(emptyHead, changes)
        const first = verifyChain(emptyHead, changes.slice(0, cut))
        const last = changes.at(-1)
        expect(whole).toEqual({ ok: true, head: { number: last?.number, hash: last?.hash } })
        expect(first.ok && verifyChain(first.head, changes.slice(cut))).toEqual(whole)
      }),
    )
  })

  it('survives being written down and read again', () => {
    fc.assert(
      fc.property(chains, (changes) => {
        expect(changes.map((change) => parseEntry(entryText(change), change.hash))).toEqual(changes)
      }),
    )
  })

  it('shows an entry of which anything was changed', () => {
    const alterations: Record<string, (change: Change, event: ChangeEvent) => Partial<Change>> = {
      action: () => ({ action: 'key.deleted' }),
      organization: ({ organization }) => ({ organization: organization === null ? '' : null }),
      target: ({ target }) => ({ target: `${target} ` }),
      'actor.type': ({ actor }) => ({ actor: { ...actor, type: 'api_key' } }),
      'actor.id': ({ actor }) => ({ actor: { ...actor, id: `${actor.id}\0` } }),
      'actor.triggeredBy': ({ actor }) => ({ actor: { ...actor, triggeredBy: 'cli' } }),
      'actor.address': ({ actor }) => ({ actor: { ...actor, address: `${actor.address}1` } }),
      'actor.requestId': ({ actor }) => ({ actor: { ...actor, requestId: `${actor.requestId}1` } }),
      at: ({ at }) => ({ at: new Date(at.getTime() + 1) }),
      'at, beyond dates': () => ({ at: new Date(Number.NaN) }),
      details: ({ details }) => ({ details: { ...details, more: 1 } }),
      number: ({ number }) => ({ number: number + 1 }),
      hash: ({ hash }) => ({ hash: hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }),
    }
    for (const [what, alter] of Object.entries(alterations)) {
      fc.assert(
        fc.property(twoPlaces, events, ([changes, place], event) => {
          const altered = changes.map((change, index) =>
            index === place ? { ...change, ...alter(change, event) } : change,
          )
          expect(brokenAt(altered), what).toBe(place + 1)
        }),
        { numRuns: 20 },
      )
    }
  })

  it('shows where an entry was dropped', () => {
    fc.assert(
      fc.property(twoPlaces, ([changes, place]) => {
        expect(brokenAt(changes.toSpliced(place, 1))).toBe(place + 1)
      }),
    )
  })

  it('shows entries dropped from the end by a head that is not the known one', () => {
    fc.assert(
      fc.property(chains, (changes) => {
        const known = changes.at(-1)
        const verdict = verifyChain(emptyHead, changes.slice(0, -1))
        expect(verdict.ok && verdict.head.hash !== known?.hash).toBe(true)
      }),
    )
  })

  it('shows where two entries were swapped, even when both were renumbered', () => {
    fc.assert(
      fc.property(twoPlaces, fc.boolean(), ([changes, a, b], renumber) => {
        const [first, second] = [changes[a], changes[b]] as [Change, Change]
        const swapped = changes
          .with(a, renumber ? { ...second, number: first.number } : second)
          .with(b, renumber ? { ...first, number: second.number } : first)
        expect(brokenAt(swapped)).toBe(a + 1)
      }),
    )
  })

  it('shows an entry that was inserted, even when it was linked to the one before it', () => {
    fc.assert(
      fc.property(twoPlaces, events, ([changes, place], event) => {
        const inserted = link(changes[place] as Change, event)
        expect(brokenAt(changes.toSpliced(place + 1, 0, inserted))).toBe(place + 3)
      }),
    )
  })

  it('can be checked by others from its description alone', () => {
    const change = link(
      { number: 41, hash: 'ab'.repeat(32) },
      {
        action: 'key.revoked',
        organization: 'acme',
        target: 'key_1',
        actor: { type: 'user', id: 'usr_1', triggeredBy: 'ui', address: '192.0.2.1', requestId: null },
        at: new Date('2026-11-20T08:00:00Z'),
        details: { z: 'é\ud800\0', a: [1.0, 1e21, -0, null], gone: undefined },
      },
    )
    const entry =
      '{"action":"key.revoked","actor":{"address":"192.0.2.1","id":"usr_1","requestId":null,"triggeredBy":"ui",' +
      '"type":"user"},"at":"2026-11-20T08:00:00.000Z","details":{"a":[1,1e+21,0,null],"z":"é\\ud800\\u0000"},' +
      '"number":42,"organization":"acme","target":"key_1"}'
    expect(change.hash).toBe(
      createHash('sha256')
        .update('ab'.repeat(32) + entry)
        .digest('hex'),
    )
    expect(change.details).toEqual({ z: 'é\ud800\0', a: [1, 1e21, 0, null] })
  })

  it('takes no event with a date that is none', () => {
    const at = new Date(Number.NaN)
    expect(() => fc.sample(events, 1).map((event) => link(emptyHead, { ...event, at }))).toThrow(RangeError)
  })
})
