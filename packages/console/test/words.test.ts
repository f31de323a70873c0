import { ProblemError } from '@keywright/client'
import { describe, expect, it } from 'vitest'
import { browserName } from '../src/account/browser-name.ts'
import { actionInWords, actionsOf, actorInWords } from '../src/audit/words.ts'
import { whereAndWhen } from '../src/keys/revocation.ts'
import { explain, fieldError } from '../src/parts/problem-words.ts'
import { inWords } from '../src/parts/time-words.ts'
import { counted, withArticle } from '../src/shell/words.ts'

describe('the words of the console', () => {
  it('count what there is one and several of', () => {
    expect([counted(1, 'key'), counted(2, 'key'), counted(0, 'entry'), counted(1200, 'tenant')]).toEqual([
      '1 key',
      '2 keys',
      '0 entries',
      '1,200 tenants',
    ])
    expect([withArticle('admin'), withArticle('owner'), withArticle('member')]).toEqual([
      'an admin',
      'an owner',
      'a member',
    ])
  })

  it('tell what was done as the contract calls it, and of nothing that it does not have', () => {
    expect(actionInWords('organization.deleted', 'tenant')).toBe('deleted the tenant')
    expect(actionsOf({ boundTo: 'organization' }).filter((action) => action.startsWith('project.'))).toEqual([])
    expect(actionsOf({ boundTo: 'project' })).toContain('project.deleted')
  })

  it('call machines what they are, and nobody who only has such an id', () => {
    expect(actorInWords({ type: 'service_key', id: 'configured' })).toBe("The instance's own service key")
    expect(actorInWords({ type: 'user', id: 'configured' })).toBe('configured')
    expect(actorInWords({ type: 'service_key', id: 'svc_1' })).toBe('svc_1')
  })

  it('say when what is revoked is refused: at once where there is one node, within the bound where there are more', () => {
    expect(whereAndWhen({ revocation: { withinSeconds: 0 } })).toBe(
      'at once, and everywhere: this instance is one node',
    )
    expect(whereAndWhen({ revocation: { withinSeconds: 10 } })).toContain(
      'within 10 seconds, even where one is cut off',
    )
    expect(whereAndWhen({ revocation: { withinSeconds: 3600 } })).toContain('within 1 hour')
  })

  it('round what lies ahead, and call only the next day tomorrow', () => {
    const now = new Date(2026, 10, 21, 22, 0).getTime()
    const at = (hours: number) => inWords(new Date(now + hours * 3_600_000).toISOString(), now)
    expect([at(720 - 1 / 60), at(47), at(25), at(3), at(2.75), at(-25), at(-23), at(-47)]).toEqual([
      ...['in 30 days', 'in 2 days', 'tomorrow', 'in 3 hours', 'in 3 hours'],
      ...['yesterday', '23 hours ago', '2 days ago'],
    ])
  })

  it('say of a refusal what to do about it, and name a field as people see it', () => {
    const problem = { status: 400, title: 'No', requestId: null, retryAfterMs: null, body: '' }
    const wrong = (field: string, message: string) =>
      new ProblemError({ ...problem, code: 'invalid_request', detail: 'x', errors: [{ field, message }] })
    expect(fieldError(wrong('name', 'A name has 1 to 200 characters.'), 'name')).toBe('A name has 1 to 200 characters.')
    expect(fieldError(wrong('name', 'must have at most 200 characters'), 'name')).toBe(
      'It must have at most 200 characters.',
    )
    expect(explain(wrong('limits.0.requests', 'must be at most 1000')).text).toBe('Requests must be at most 1000')
    expect(explain(wrong('name', 'A name has 1 to 200 characters.')).text).toBe('A name has 1 to 200 characters.')
    const refused = (code: string, status: number, retryAfterMs: number | null) =>
      explain(
        new ProblemError({ ...problem, status, code, detail: 'Retry-After credential', errors: [], retryAfterMs }),
      ).text
    expect(refused('too_many_attempts', 429, 61_000)).toBe('Try again in 2 minutes.')
    expect(refused('too_many_attempts', 429, null)).toBe('Try again later.')
    expect(refused('not_found', 404, null)).not.toContain('credential')
    const bare = (status: number) =>
      explain(
        new ProblemError({
          ...problem,
          status,
          code: 'any',
          title: 'No such luck',
          detail: 'No such luck.',
          errors: [],
        }),
      ).text
    expect([bare(502), bare(409)]).toEqual(['Try again in a moment.', ''])
  })

  it('name a browser as people do, and leave alone what they do not know', () => {
    const chrome =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
    const edge = `${chrome.replace('X11; Linux x86_64', 'Windows NT 10.0; Win64; x64')} Edg/141.0`
    const safari =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
    expect([chrome, edge, safari, 'curl/8.5.0', null].map(browserName)).toEqual([
      'Chrome on Linux',
      'Edge on Windows',
      'Safari on iOS',
      'curl/8.5.0',
      'A browser without a name',
    ])
  })
})
