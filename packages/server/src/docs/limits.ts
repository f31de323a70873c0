import type { Contract } from '@keywright/core'
import { type Answers, httpText } from './answers.ts'
import { curl } from './languages.ts'
import { blocks, fence, inline, plain, table } from './markdown.ts'
import { exampleRequest } from './sending.ts'
import { type Page, printedNowMs, type Subject } from './subject.ts'
import { limitInWords } from './words.ts'

export function limitsPage({ contract, edge }: Subject, answers: Answers): Page {
  const { limits, plans, docs } = contract
  const organization = plain(docs.organization)
  const named = Object.entries(plans)
  const request = curl(exampleRequest(contract, edge))
  return {
    name: 'limits',
    title: 'Limits',
    about: 'How much may be asked in what time, and the headers that tell.',
    markdown: blocks(
      '# Limits',
      limits.length === 0
        ? named.length === 0
          ? 'A key has no limit unless it was given one.'
          : `What a key may do depends on the plan of its ${organization}.`
        : `Unless a key was given limits of its own: ${limits.map((limit) => limitInWords(limit, organization)).join('; ')}.`,
      named.length === 0
        ? null
        : table(
            ['plan', 'limit', 'requests in a calendar month (UTC)'],
            named.map(([name, plan]) => [
              plain(name),
              plan.limits.map((limit) => limitInWords(limit, organization)).join('; ') || 'none',
              plan.monthlyQuota?.toLocaleString('en') ?? 'unlimited',
            ]),
          ),
      'Limits are exact: in no stretch of that length are more requests let through. One that is refilled evenly lets its number through at once, and beside it what has been refilled since. A request that is refused for whatever reason counts against none of them.',
      '## What is left',
      headersText(contract),
      contract.limitHeaders === 'none' ? null : fence('sh rate_limited', request),
      contract.limitHeaders === 'none' ? null : fence('http', whatIsLeft(answers)),
      '## Past the limit',
      answers.saysWhen('rate_limited')
        ? 'Wait as many seconds as `Retry-After` says, and a random bit longer where many of you wait.'
        : 'Wait longer after each such answer, and a random bit longer where many of you wait.',
      fence('sh rate_limited', request),
      fence('http', httpText(answers.of('rate_limited'))),
      named.some(([, { monthlyQuota }]) => monthlyQuota !== null)
        ? "Past the month's requests the answer is [another](refusals.md#quota-exceeded)."
        : null,
    ),
  }
}

function headersText({ limitHeaders }: Contract): string {
  if (limitHeaders === 'none') return 'No header tells what is left; `GET /v1/whoami` does.'
  if (limitHeaders === 'ietf') {
    return (
      'Answers to a key with limits tell, for each of them, how many requests are left (`r`) and in how many seconds it is whole again (`t`); `q` requests may be made in `w` seconds. ' +
      'They are Lists as of RFC 9651, in `RateLimit` and `RateLimit-Policy`.'
    )
  }
  const { limit, remaining, reset, resetAs } = limitHeaders
  return table(
    ['header', 'says'],
    [
      [inline(limit), 'how many requests may be made'],
      [inline(remaining), 'how many are left'],
      [inline(reset), resets[resetAs]],
    ],
  )
}

const resets = {
  unixSeconds: 'when all may be made again, in seconds since 1970',
  secondsLeft: 'in how many seconds all may be made again',
  unixMilliseconds: 'when all may be made again, in milliseconds since 1970',
  rfc3339: 'when all may be made again',
} as const

/** As they are when none is left of the first. */
function whatIsLeft({ limits, headers }: Answers): string {
  const [used] = limits
  return headers({
    limits: limits.map((limit) => {
      if (limit === used) return { limit, remaining: 0, resetAt: printedNowMs + 12_000 }
      const remaining = Math.max(0, limit.requests - used.requests)
      return { limit, remaining, resetAt: printedNowMs + limit.windowSeconds * 1000 }
    }),
  })
}
