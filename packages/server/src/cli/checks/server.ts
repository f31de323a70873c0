import {
  ConnectionError,
  type Contract,
  type Keywright,
  KeywrightError,
  ProblemError,
  TimeoutError,
  type Whoami,
} from '@keywright/client'
import { below } from '../address.ts'
import { isAbsent, noAnswerHint } from '../failure.ts'
import { connectAnonymously } from '../session.ts'
import { type Check, failed, passed } from './check.ts'

/** Where something may well listen: starting another would not help. */
const presentHint = 'Look at its log and at what is between here and there, or set KEYWRIGHT_URL.'

/** What an instance says of itself to anyone: that it listens on both sides, reaches its database and knows the time. */
export async function checkInstance(url: string, contractName: string): Promise<Check[]> {
  const sent = Date.now()
  const answer = await ask(below(url, '/ready'))
  if (answer instanceof Error) {
    const hint = answer instanceof ConnectionError && isAbsent(answer) ? noAnswerHint : presentHint
    return [failed('control side', `${answer.message} ${hint}`)]
  }
  if (answer.status !== 200 && answer.status !== 503)
    return [failed('control side', `${url} answers ${answer.status}; is this the control side? Check KEYWRIGHT_URL.`)]
  const contract = await contractOf()
  if (contract === 'foreign')
    return [failed('control side', `${url} does not answer as the control side does; check KEYWRIGHT_URL.`)]
  return [
    passed('control side', `It answers at ${url}.`),
    answer.status === 200
      ? passed('database', 'It can be reached.')
      : failed('database', 'The server cannot reach its database, and refuses everything until it can.'),
    checkClock(answer, sent),
    ...(contract === null ? [] : [checkContract(contract, contractName), await checkEdge(contract)]),
  ]
}

const mostSkewMs = 30_000

/** Expiry, graces and limits go by the server's clock; a difference is somebody's surprise. */
function checkClock(answer: Response, sentMs: number): Check {
  const there = Date.parse(answer.headers.get('date') ?? '')
  const received = Date.now()
  // Its `Date` has no parts of a second.
  const skewMs = there + 1000 < sentMs ? there + 1000 - sentMs : Math.max(0, there - received)
  if (Number.isNaN(skewMs)) return failed('clock', 'The answer has no time; something between here and there took it.')
  if (Math.abs(skewMs) <= mostSkewMs) return passed('clock', 'The server and this machine agree.')
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  return failed('clock', `The server is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine.`)
}

function checkContract({ name, title }: Contract, expected: string): Check {
  return name === expected
    ? passed('contract', `It runs ${title} (${name}).`)
    : failed('contract', `It runs ${name}, and ${expected} was looked at here: name the same one with --contract.`)
}

async function checkEdge({ edge }: Contract): Promise<Check> {
  const answer = await ask(below(edge, '/health'))
  if (answer instanceof Error) return failed('edge', answer.message)
  return answer.status === 200
    ? passed('edge', `It answers at ${edge}.`)
    : failed('edge', `${edge} answers ${answer.status}.`)
}

export async function checkWhoami(name: string, client: Keywright): Promise<Check> {
  try {
    const who = await client.whoami()
    return passed(name, `The server knows it as ${who.type.replace('_', ' ')} ${who.id}; ${rightsOf(who)}.`)
  } catch (error) {
    if (error instanceof ProblemError) return failed(name, `The server answers, and refuses: ${error.message}`)
    if (error instanceof KeywrightError) return failed(name, error.message)
    throw error
  }
}

function rightsOf(who: Whoami): string {
  if (who.type === 'user')
    return `organizations: ${who.organizations.map(({ id, role }) => `${id} (${role})`).join(', ') || 'none'}`
  return `permissions: ${who.permissions === null ? 'all' : who.permissions.join(', ') || 'none'}`
}

async function contractOf(): Promise<Contract | 'foreign' | null> {
  try {
    return await connectAnonymously().contract()
  } catch (error) {
    if (error instanceof KeywrightError) return error.code === 'unreadable_answer' ? 'foreign' : null
    throw error
  }
}

const answerWithinMs = 5_000

async function ask(url: URL): Promise<Response | ConnectionError | TimeoutError> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(answerWithinMs), redirect: 'manual' })
  } catch (error) {
    const isLate = (error as Error).name === 'TimeoutError'
    return isLate ? new TimeoutError(url.origin, answerWithinMs) : new ConnectionError(url.origin, error)
  }
}
