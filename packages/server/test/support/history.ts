import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { TestNode } from './start-node.ts'

/** Let through, to an upstream that is not there. */
export const letThrough = 404

/** What callers know of a key. Instants are of one clock. */
export interface KnownKey {
  id: string
  credential: string
  revocationAskedAt: number
  revokedAt: number
}

interface Limited extends KnownKey {
  requests: number
  admitted: number
}

/** How often it is told that the call is under way before it is given up. */
const mostHeld = 60

export interface Violation {
  invariant: 'I1' | 'I2' | 'I3' | 'I4'
  what: string
}

/**
 * Changes keys and asks about them on every node, as callers who try elsewhere do, and writes down what must not be: an
 * acknowledged change that is gone (I1), a key let through later than it may be (I2), a valid one answered 401 (I3), a
 * limit exceeded (I4).
 */
export class History {
  readonly violations: Violation[] = []
  readonly keys: KnownKey[] = []
  answers = new Map<number, number>()
  acknowledged = 0
  private readonly nodes: () => readonly TestNode[]
  private readonly staleMs: number
  private readonly random: () => number
  private limited: Limited | null = null
  private working: Promise<void>[] = []
  private isOver = false
  private calls = 0

  /** @param staleMs how long after a revocation was acknowledged another node may still let the key through */
  constructor(nodes: () => readonly TestNode[], staleMs: number, random: () => number) {
    this.nodes = nodes
    this.staleMs = staleMs
    this.random = random
  }

  /** A key of its own, of which all nodes together may let `requests` through. */
  async limit(requests: number): Promise<void> {
    const limits = [{ requests, windowSeconds: 3600 }]
    this.limited = { ...(await this.make({ limits })), requests, admitted: 0 }
  }

  /** How many of them were. */
  get admitted(): number {
    return this.limited?.admitted ?? 0
  }

  begin(): void {
    this.isOver = false
    this.working = [this.change(), ...this.nodes().map((_, index) => this.askOn(index))]
  }

  async end(): Promise<void> {
    this.isOver = true
    await Promise.all(this.working)
  }

  /** Resolves once every node lets a valid key through and refuses a revoked one; tells after how many milliseconds. */
  async untilWell(): Promise<number> {
    const startedAt = performance.now()
    const valid = await this.make({ limits: [] })
    const revoked = await this.make({ limits: [] })
    await this.revoke(revoked)
    for (const node of this.nodes()) {
      while ((await statusOf(node, valid)) !== letThrough || (await statusOf(node, revoked)) !== 401) await sleep(20)
    }
    return performance.now() - startedAt
  }

  /** Everything that was acknowledged is as it was acknowledged. */
  async check(): Promise<void> {
    const [node] = this.nodes() as [TestNode]
    for (const key of this.keys) {
      const { status, json } = await node.api('GET', `/v1/keys/${key.id}`)
      if (status !== 200) this.violations.push({ invariant: 'I1', what: `${key.id} is gone` })
      if (key.revokedAt < Infinity && json.state !== 'revoked') {
        this.violations.push({ invariant: 'I1', what: `${key.id} is ${json.state} and not revoked` })
      }
    }
    expect(this.violations).toEqual([])
  }

  private async change(): Promise<void> {
    while (!this.isOver) {
      const key = await this.make({ limits: [] })
      await sleep(20 + this.random() * 80)
      if (this.random() < 0.6) await this.revoke(key)
    }
  }

  private async askOn(index: number): Promise<void> {
    for (let count = 0; !this.isOver; count++) {
      await sleep(5 + this.random() * 20)
      const node = this.nodes()[index]
      if (!node) continue
      const { limited } = this
      if (limited && count % 4 === 0) {
        const status = await statusOf(node, limited)
        if (status === letThrough) limited.admitted++
        if (status === 401) this.violations.push({ invariant: 'I3', what: `a limited key on node ${index}` })
        continue
      }
      // The latest ones: of these it matters most.
      const key = this.keys[this.keys.length - 1 - Math.floor(this.random() ** 2 * Math.min(20, this.keys.length))]
      if (key) await this.askAbout(key, node, index)
    }
  }

  private async askAbout(key: KnownKey, node: TestNode, index: number): Promise<void> {
    const startedAt = performance.now()
    const status = await statusOf(node, key)
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
    if (status === 401 && key.revocationAskedAt === Infinity) {
      this.violations.push({ invariant: 'I3', what: `${key.id} on node ${index}` })
    }
    const late = startedAt - key.revokedAt
    if (status === letThrough && late > this.staleMs) {
      this.violations.push({ invariant: 'I2', what: `${key.id} on node ${index}, ${Math.round(late)} ms after` })
    }
  }

  private async make(terms: object): Promise<KnownKey> {
    const body = { organization: 'acme', name: 'key', ...terms }
    for (;;) {
      const made = await this.called('/v1/keys', body, 201)
      if (!made) continue
      const { id, credential } = made
      const key = { id, credential, revocationAskedAt: Infinity, revokedAt: Infinity }
      this.keys.push(key)
      return key
    }
  }

  private async revoke(key: KnownKey): Promise<void> {
    key.revocationAskedAt = performance.now()
    if (await this.called(`/v1/keys/${key.id}/revoke`, {}, 200)) key.revokedAt = performance.now()
  }

  /** Tries one node after the other with the same `Idempotency-Key`; null where one that is gone still holds the call. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are held to their schema where they are read
  private async called(path: string, body: object, expected: number): Promise<any> {
    const headers = { 'idempotency-key': `call-${++this.calls}` }
    let held = 0
    for (let attempt = Math.floor(this.random() * 3); held < mostHeld; attempt++) {
      const nodes = this.nodes()
      const node = nodes[attempt % nodes.length]
      try {
        const answer = await node?.api('POST', path, { body, headers })
        if (answer?.status === expected) {
          this.acknowledged++
          return answer.json
        }
        if (answer?.status === 409) held++
        else if (node && answer && answer.status !== 503)
          throw new Error(`${path}: ${answer.text}\n${reasons(node, answer)}`)
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        // It is not reached: another one may be.
      }
      await sleep(50)
    }
    return null
  }
}

/** What the node has written down of a call. */
function reasons(node: TestNode, { json }: { json: { requestId?: string } }): string {
  const lines = node.log().split('\n')
  return lines.filter((line) => json.requestId && line.includes(json.requestId)).join('\n')
}

/** 0 where nobody answers. */
async function statusOf(node: TestNode, { credential }: KnownKey): Promise<number> {
  return node.ask(credential).catch(() => 0)
}
