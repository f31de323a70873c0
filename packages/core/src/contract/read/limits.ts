import type { Limit, LimitSubject } from '../../key/record.ts'
import type { Contract, LimitHeaders, Plan } from '../contract.ts'
import { Fields, isObject } from './fields.ts'
import { limitHeaderProblem } from './header.ts'
import { wordProblem } from './key.ts'

export const limitSubjects = ['key', 'user', 'project', 'organization', 'address'] as const satisfies LimitSubject[]
export const limitKinds = ['window', 'bucket'] as const satisfies Limit['kind'][]

export const mostRequests = 1_000_000_000
export const longestWindowSeconds = 366 * 86_400
export const mostLimits = 8

export function readLimits(parent: Fields, per: LimitSubject = 'key'): Limit[] {
  const limits = parent.list('limits', (value, path) => readLimit(new Fields(value, path, parent.problems), per))
  if (limits.length > mostLimits) parent.report('limits', `${limits.length} limits; at most ${mostLimits} are counted`)
  return limits
}

function readLimit(fields: Fields, per: LimitSubject): Limit {
  const limit: Limit = {
    requests: fields.integer('requests', { least: 1, most: mostRequests }),
    windowSeconds: fields.integer('windowSeconds', { least: 1, most: longestWindowSeconds }),
    per: fields.choice('per', limitSubjects, per),
    kind: fields.choice('kind', limitKinds, 'window'),
  }
  fields.close()
  return limit
}

/** Where there are plans every organization has one, and nothing else is looked at. */
export function readUsualLimits(contract: Fields): Pick<Contract, 'limits' | 'plans'> {
  const limits = readLimits(contract)
  const plans = readPlans(contract)
  if (limits.length > 0 && Object.keys(plans).length > 0)
    contract.report(
      'limits',
      'every organization has a plan, and the limits of that instead; write these into the plans',
    )
  return { limits, plans }
}

function readPlans(contract: Fields): Record<string, Plan> {
  return contract.record('plans', (value, path, name) => {
    const problem = wordProblem(name)
    if (problem !== null) contract.problems.push({ field: path, message: problem })
    const fields = new Fields(value, path, contract.problems)
    const limits = readLimits(fields)
    const unlimited = (fields.take('monthlyQuota') ?? null) === null
    const monthlyQuota = unlimited ? null : fields.integer('monthlyQuota', { least: 1, most: Number.MAX_SAFE_INTEGER })
    fields.close()
    return { limits, monthlyQuota }
  })
}

export function readLimitHeaders(contract: Fields): LimitHeaders {
  const data = contract.take('limitHeaders')
  if (!isObject(data)) return contract.choice('limitHeaders', ['none', 'ietf'], 'ietf')
  const fields = contract.fields('limitHeaders')
  const headers = {
    limit: fields.text('limit', { check: limitHeaderProblem }),
    remaining: fields.text('remaining', { check: limitHeaderProblem }),
    reset: fields.text('reset', { check: limitHeaderProblem }),
    resetAs: fields.choice('resetAs', ['unixSeconds', 'secondsLeft', 'unixMilliseconds', 'rfc3339'], 'unixSeconds'),
  }
  fields.close()
  const names = new Set([headers.limit, headers.remaining, headers.reset].map((name) => name.toLowerCase()))
  if (names.size < 3) contract.report('limitHeaders', 'three different header names are needed')
  return headers
}

/** In lower case. */
export function limitHeaderNames(headers: LimitHeaders): string[] {
  if (headers === 'none') return []
  if (headers === 'ietf') return ['ratelimit', 'ratelimit-policy']
  return [headers.limit, headers.remaining, headers.reset].map((name) => name.toLowerCase())
}
