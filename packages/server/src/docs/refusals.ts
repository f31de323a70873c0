import { routesOf } from '@keywright/contracts'
import { type RefusalName, refusalNames } from '@keywright/core'
import { type Answers, httpText } from './answers.ts'
import { curl } from './languages.ts'
import { blocks, fence, plain, table } from './markdown.ts'
import { exampleRequest, type KeyedRequest } from './sending.ts'
import type { Page, Situation, Subject } from './subject.ts'

/** What a caller has to know of each row: why it is sent, and what to do. */
const meanings: Readonly<Record<RefusalName, readonly [cause: string, mend: string]>> = {
  missing_credential: ['The request has no key where one is looked for.', 'Send the key.'],
  repeated_credential: ['The request has more than one key.', 'Send exactly one.'],
  invalid_credential: [
    'The key is mistyped, unknown, suspended, expired or revoked. Which of them is told to nobody who merely calls.',
    'Check that the key was copied whole; look it up where it was made, and replace it.',
  ],
  organization_suspended: ['Everything of this account is suspended.', 'Ask whoever runs this API.'],
  organization_unpaid: ['A bill is open.', 'Pay it.'],
  forbidden: ['The key is good, and may not do this.', 'Use a key with the permission, or from an address it allows.'],
  namespace_forbidden: ['The key is good, and does not reach this namespace.', 'Use a key that does.'],
  rate_limited: ['Too many requests in too short a time.', 'Wait, and longer after each such answer.'],
  quota_exceeded: ["The month's requests are used up.", 'Change the plan, or wait for the next month.'],
  invalid_request: ['The request cannot be read.', 'Compare it with this documentation.'],
  not_found: ['There is nothing at this address.', 'Check the path.'],
  conflict: ['What is to be made is there already.', 'Choose another name, or use what is there.'],
  payload_too_large: ['The body is too large.', 'Send less at once.'],
  internal_error: ['Something went wrong, and it was not your fault.', 'Try again; then name the request id.'],
  upstream_unreachable: ['The API behind this address does not answer.', 'Try again soon.'],
  unavailable: ['Nobody can say right now whether the key is good.', 'Try again soon.'],
  upstream_timeout: ['The API took too long.', 'Try again, where the request may be made twice.'],
}

/** Where the row says when. */
const mendsInTime: Partial<Readonly<Record<RefusalName, string>>> = {
  rate_limited: 'Wait as long as `Retry-After` says, in seconds.',
  unavailable: 'Try again after `Retry-After`.',
}

function meaningOf(name: RefusalName, { saysWhen }: Answers): readonly [cause: string, mend: string] {
  const [cause, mend] = meanings[name]
  return [cause, (saysWhen(name) && mendsInTime[name]) || mend]
}

/** A person's answer is the status; a program reads the whole. */
export function refusalsPage(subject: Subject, answers: Answers): Page {
  const { contract } = subject
  const rows = refusalNames.filter((name) => concerns(subject, name))
  return {
    name: 'refusals',
    title: 'Refusals',
    about: "Every answer that is not the API's own, with its status, headers and body.",
    markdown: blocks(
      '# Refusals',
      `What ${plain(contract.title)} answers when a request does not get through, to the byte. Values that differ from time to time, such as request ids and seconds, are examples.`,
      table(
        ['status', 'why', 'what to do'],
        rows.map((name) => [link(name, answers), ...meaningOf(name, answers)]),
      ),
      'An answer of 401 says how to authenticate in `WWW-Authenticate` (RFC 9110 §11.6.1). One with `Retry-After` says in it how many seconds to wait. None of them may be stored by a cache. A request with `HEAD` is refused with the same headers and no body.',
      `An answer of ${link('invalid_request', answers)} has the status 405 where there is no such method, 408 where the request came too slowly, and 431 where its head is too long.`,
      readsMore(subject) ? 'The sentence of a 400, 404 or 409 may say exactly what is wrong instead.' : null,
      ...rows.flatMap((name) => section(subject, answers, name)),
    ),
  }
}

function link(name: RefusalName, answers: Answers): string {
  return `[${answers.of(name).status}](#${anchor(name)})`
}

/** Whether more is read of some requests than their key and path, so that more can be said of them. */
function readsMore({ contract }: Subject): boolean {
  return routesOf(contract) !== undefined || !!contract.namespaces?.body
}

function anchor(name: RefusalName): string {
  return name.replaceAll('_', '-')
}

function section(subject: Subject, answers: Answers, name: RefusalName): string[] {
  const [cause, mend] = meaningOf(name, answers)
  const shown = provoked(subject, answers, name)
  const heading = name.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase())
  return [
    `## ${heading}`,
    `${cause} ${mend}`,
    ...(shown === null ? [] : [fence(`sh ${shown.situation}`, shown.code)]),
    fence('http', httpText(answers.of(name))),
  ]
}

/** Rows that this contract can never come to are left out. */
function concerns({ contract }: Subject, name: RefusalName): boolean {
  if (name === 'namespace_forbidden') return contract.namespaces !== null
  return name !== 'conflict' || routesOf(contract) !== undefined
}

/** The request that is answered so, where the key alone makes the difference. */
function provoked(
  { contract, edge }: Subject,
  { asksForPermission }: Answers,
  name: RefusalName,
): { situation: Situation; code: string } | null {
  const request: KeyedRequest = exampleRequest(contract, edge)
  const usual = (situation: Situation) => ({ situation, code: curl(request) })
  switch (name) {
    case 'missing_credential':
      return { situation: name, code: curl({ ...request, source: null }) }
    case 'repeated_credential': {
      const [first] = contract.credential.sources
      if (!first || !('header' in first)) return null
      const again = `${first.header}: ${first.scheme === undefined ? '' : `${first.scheme} `}another-key`
      return { situation: name, code: curl(request, [again]) }
    }
    case 'forbidden':
      return usual(asksForPermission ? 'forbidden' : 'forbidden_address')
    case 'invalid_credential':
    case 'organization_suspended':
    case 'organization_unpaid':
    case 'namespace_forbidden':
    case 'rate_limited':
    case 'quota_exceeded':
      return usual(name)
    default:
      return null
  }
}
