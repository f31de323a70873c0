import { describe, expect, it } from 'vitest'
import type { Limit } from '../key/record.ts'
import type { LimitState } from '../limit/counters.ts'
import type { LimitHeaders } from './contract.ts'
import { compileLimitHeaders } from './limit-headers.ts'

const now = 1_700_000_000_000

function limit(more: Partial<Limit> = {}): Limit {
  return { requests: 100, windowSeconds: 60, per: 'key', kind: 'window', ...more }
}

function state(remaining: number, resetInMs: number, more: Partial<Limit> = {}): LimitState {
  return { limit: limit(more), remaining, resetAt: now + resetInMs }
}

function written(limitHeaders: LimitHeaders, states: readonly LimitState[], retryAfterMs?: number) {
  const headers: [string, string][] = []
  compileLimitHeaders({ limitHeaders })(states, now, (name, value) => headers.push([name, value]), retryAfterMs)
  return Object.fromEntries(headers)
}

const three = { limit: 'X-RateLimit-Limit', remaining: 'X-RateLimit-Remaining', reset: 'X-RateLimit-Reset' }

describe('limit headers', () => {
  it('are not there where there is no limit', () => {
    for (const kind of ['none', 'ietf', { ...three, resetAs: 'unixSeconds' }] as const) {
      expect(written(kind, [])).toEqual({})
    }
    expect(written('none', [state(1, 1000)])).toEqual({})
  })
})

describe('RateLimit fields of draft-ietf-httpapi-ratelimit-headers-11', () => {
  it('are Lists of Strings with parameters', () => {
    expect(written('ietf', [state(50, 29_001)])).toEqual({
      'RateLimit-Policy': '"key-window";q=100;w=60',
      RateLimit: '"key-window";r=50;t=30',
    })
  })

  it('tell every limit, each under a name of its own', () => {
    const states = [
      state(5, 1000),
      state(4, 2000, { windowSeconds: 3600 }),
      state(3, 3000, { per: 'organization', kind: 'bucket' }),
      state(2, 4000, { windowSeconds: 3600, requests: 7 }),
    ]
    expect(written('ietf', states)).toEqual({
      'RateLimit-Policy':
        '"key-window-60";q=100;w=60, "key-window-3600";q=100;w=3600, "organization-bucket";q=100;w=60, "key-window-3600-2";q=7;w=3600',
      RateLimit:
        '"key-window-60";r=5;t=1, "key-window-3600";r=4;t=2, "organization-bucket";r=3;t=3, "key-window-3600-2";r=2;t=4',
    })
  })

  it('name a limit by its window only where another of its kind is counted for the same subject', () => {
    const states = [state(1, 1000), state(2, 2000, { kind: 'bucket' }), state(3, 3000, { per: 'organization' })]
    expect(written('ietf', states)).toEqual({
      'RateLimit-Policy': '"key-window";q=100;w=60, "key-bucket";q=100;w=60, "organization-window";q=100;w=60',
      RateLimit: '"key-window";r=1;t=1, "key-bucket";r=2;t=2, "organization-window";r=3;t=3',
    })
    const alike = [...states, state(4, 4000, { windowSeconds: 3600 }), state(5, 5000, { kind: 'bucket', requests: 7 })]
    expect(written('ietf', alike).RateLimit).toBe(
      '"key-window-60";r=1;t=1, "key-bucket-60";r=2;t=2, "organization-window";r=3;t=3, "key-window-3600";r=4;t=4, "key-bucket-60-2";r=5;t=5',
    )
  })

  it('are those of the limits at hand, also where the first of them is the same as before', () => {
    const [first, second, third] = [state(1, 1000), state(2, 2000, { per: 'user' }), state(3, 3000, { per: 'project' })]
    expect(written('ietf', [first, second]).RateLimit).toBe('"key-window";r=1;t=1, "user-window";r=2;t=2')
    expect(written('ietf', [first, third]).RateLimit).toBe('"key-window";r=1;t=1, "project-window";r=3;t=3')
    expect(written('ietf', [first])['RateLimit-Policy']).toBe('"key-window";q=100;w=60')
    expect(written('ietf', [first, third]).RateLimit).toBe('"key-window";r=1;t=1, "project-window";r=3;t=3')
  })

  it('hold whole numbers that are not negative', () => {
    expect(written('ietf', [state(-0.5, -5000)]).RateLimit).toBe('"key-window";r=0;t=0')
    expect(written('ietf', [state(1.9, 0.1)]).RateLimit).toBe('"key-window";r=1;t=1')
  })

  it('speak of no later time than the Retry-After of the same refusal where nothing is left', () => {
    expect(written('ietf', [state(0, 60_000)], 12_000).RateLimit).toBe('"key-window";r=0;t=12')
    expect(written('ietf', [state(0.9, 60_000)], 12_000).RateLimit).toBe('"key-window";r=0;t=12')
    expect(written('ietf', [state(0, 5_000)], 12_000).RateLimit).toBe('"key-window";r=0;t=5')
    expect(written('ietf', [state(3, 60_000)], 12_000).RateLimit).toBe('"key-window";r=3;t=60')
    expect(written('ietf', [state(1, 60_000)], 12_000).RateLimit).toBe('"key-window";r=1;t=60')
  })

  it('tell of the whole wait where the last request was let through', () => {
    expect(written('ietf', [state(0, 60_000)]).RateLimit).toBe('"key-window";r=0;t=60')
  })
})

describe('three named headers', () => {
  it.each([
    ['unixSeconds', '1700000031'],
    ['secondsLeft', '31'],
    ['unixMilliseconds', '1700000030001'],
    ['rfc3339', '2023-11-14T22:13:50.001Z'],
  ] as const)('give the reset as %s', (resetAs, reset) => {
    expect(written({ ...three, resetAs }, [state(50, 30_000.5)])).toEqual({
      'X-RateLimit-Limit': '100',
      'X-RateLimit-Remaining': '50',
      'X-RateLimit-Reset': reset,
    })
  })

  it('speak of the limit closest to its end', () => {
    const states = [
      state(9, 1000),
      state(3, 1000, { requests: 10 }),
      state(3, 9000, { requests: 20 }),
      state(3, 9000, { requests: 30 }),
      state(3, 8000, { requests: 40 }),
      state(4, 99_000),
    ]
    const expected = { 'X-RateLimit-Limit': '20', 'X-RateLimit-Remaining': '3', 'X-RateLimit-Reset': '9' }
    expect(written({ ...three, resetAs: 'secondsLeft' }, states)).toEqual(expected)
    expect(written({ ...three, resetAs: 'secondsLeft' }, states.slice(2).toReversed())).toMatchObject({
      'X-RateLimit-Remaining': '3',
      'X-RateLimit-Reset': '9',
    })
    const fewest = [state(3, 9000), state(2, 1000)]
    expect(written({ ...three, resetAs: 'secondsLeft' }, fewest)['X-RateLimit-Reset']).toBe('1')
  })
})
