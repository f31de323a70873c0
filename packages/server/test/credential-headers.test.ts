import { rowOf } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import attacks from '../../../spec/attacks/credential-headers.json' with { type: 'json' }
import { type Stage, startStage, stopStage } from './support/instances.ts'
import { parseAnswer, type RawAnswer, rawRequest, sendRaw } from './support/raw-request.ts'
import { serviceKey } from './support/start-server.ts'

type Verdict = { key: string } | keyof typeof rowOf | string

const paths: Record<string, string> = { holonomix: '/v1/list/default' }

describe.each(['keywright', 'holocron', 'holonomix', 'hopx', 'operate', 'handinger'])('to %s,', (contract) => {
  let stage: Stage
  const path = paths[contract] ?? '/v1/things'
  const vectors = attacks.vectors.filter((vector) => vector.contract === contract)

  beforeAll(async () => {
    stage = await startStage(contract)
  })
  afterAll(() => stopStage(stage))

  const filled = (text: string) => fill(text, stage)

  function expected(verdict: string): Verdict {
    if (verdict === 'allowed') return { key: stage.key.key.id }
    return verdict === 'other' ? { key: stage.other.key.id } : verdict
  }

  /** The refusal of the row itself, so that no placement can have words of its own. */
  function seen(answer: RawAnswer, passed: string | undefined, verdict: string): Verdict {
    if (answer.status === 200) return { key: passed ?? '' }
    const row = stage.server.lifecycle.contract.refusals[verdict as 'invalid_credential']
    return row?.status === answer.status ? verdict : `status ${answer.status}`
  }

  it.each(vectors)('$about is $verdict, whoever asks', async ({ lines, verdict }) => {
    const head = lines.map(filled)

    const atGateway = await rawRequest(stage.server.edge, { target: path, lines: head })
    const forwarded = atGateway.status === 200 ? stage.upstream.lastHeader('x-key-id')[0] : undefined
    expect(seen(atGateway, forwarded, verdict)).toEqual(expected(verdict))
    const sent = !['allowed', 'other', 'missing_credential'].includes(verdict)
    if (atGateway.status === 401) expect(atGateway.headers['www-authenticate']?.includes('error=')).toBe(sent)

    const atForwardAuth = await rawRequest(stage.server.control, {
      target: '/v1/forward-auth',
      lines: [...head, 'X-Forwarded-Method: GET', `X-Forwarded-Uri: ${path}`],
    })
    expect(atForwardAuth.status).toBe(atGateway.status)
    if (atForwardAuth.status === 200) expect(atForwardAuth.headers['x-key-id']).toBe(forwarded)
    else expect(withoutIds(atForwardAuth.body)).toBe(withoutIds(atGateway.body))

    const rawHeaders = head.flatMap((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
    })
    const asked = await fetch(`${stage.server.control}/v1/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ headers: rawHeaders, method: 'GET', path }),
    })
    const answer = (await asked.json()) as { allowed: boolean; principal: { key: string }; reason: keyof typeof rowOf }
    expect(answer.allowed ? { key: answer.principal.key } : rowOf[answer.reason]).toEqual(expected(verdict))
  })

  it('answers headers of more than 16 KiB with 431', async () => {
    const answer = await rawRequest(stage.server.edge, { lines: [`Authorization: Bearer ${'a'.repeat(17_000)}`] })
    expect(answer.status).toBe(431)
    expect(JSON.parse(answer.body).status ?? 431).toBe(431)
  })

  it('ignores a key in the address', async () => {
    const { status } = await rawRequest(stage.server.edge, {
      target: `${path}?api_key=${stage.key.credential}&access_token=${stage.key.credential}`,
    })
    expect(status).toBe(stage.server.lifecycle.contract.refusals.missing_credential.status)
    expect(stage.server.log()).not.toContain(stage.key.credential)
  })

  it('flipping the case of any one character of a key makes it another', async () => {
    const { credential } = stage.key
    for (let i = 0; i < credential.length; i++) {
      const flipped = credential.replace(/./g, (character, at) => (at === i ? flip(character) : character))
      if (flipped === credential) continue
      const [name, value] = contract === 'operate' ? ['x-api-key', flipped] : ['authorization', `Bearer ${flipped}`]
      const { status } = await fetch(stage.server.edge + path, { headers: { [name as string]: value as string } })
      expect(status).toBe(stage.server.lifecycle.contract.refusals.invalid_credential.status)
    }
  })
})

describe('of bytes that are no HTTP,', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage('keywright')
  })
  afterAll(() => stopStage(stage))

  it.each(attacks.unreadable)('$about is refused unread', async ({ head }) => {
    const count = stage.upstream.received.length
    const answer = parseAnswer(
      await sendRaw(stage.server.edge, `GET / HTTP/1.1\r\nHost: a\r\n${fill(head, stage)}\r\n\r\n`),
    )
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['x-request-id']).toMatch(/^req_/)
    expect(stage.upstream.received).toHaveLength(count)
    expect(stage.server.log()).not.toContain(stage.key.credential)
  })
})

function flip(character: string): string {
  return character === character.toUpperCase() ? character.toLowerCase() : character.toUpperCase()
}

function fill(text: string, { key: { credential }, other }: Stage): string {
  const values: Record<string, string> = {
    key: credential,
    other: other.credential,
    service: serviceKey,
    short: credential.slice(0, -1),
    upper: credential.toUpperCase(),
    percent: credential.replace('_', '%5F'),
    split: `${credential.slice(0, 12)} ${credential.slice(12)}`,
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
}

function withoutIds(body: string): string {
  return body.replace(/req_[a-z0-9]+/g, 'req_')
}
