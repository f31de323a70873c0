import type { Keywright, Limit } from '@keywright/client'
import { type Contract, shownBy } from '@keywright/core'
import { type Answers, answersOf } from '../../docs/answers.ts'
import { pagesOf } from '../../docs/pages.ts'
import { variablesFor } from '../../docs/sending.ts'
import type { Page, Subject } from '../../docs/subject.ts'
import { below } from '../address.ts'
import { storedToken } from '../credentials.ts'
import { CliError } from '../failure.ts'
import { controlUrl, credential as serviceKey } from '../session.ts'
import { compare } from './compare.ts'
import { type Example, readExamples } from './read-examples.ts'
import { NotInstalled, runExample } from './run-example.ts'
import { openStage, prepare, type Stage } from './situations.ts'

export interface Tested extends Pick<Example, 'page' | 'heading' | 'language'> {
  result: 'passed' | 'failed' | 'not_run'
  /** What is wrong; never holds a credential. */
  message: string | null
}

/**
 * Compares what the instance serves with what this program writes about the same contract, and runs every example of it.
 * What is run is written here: nothing that a server sends is ever executed.
 */
export async function testDocs(
  client: Keywright,
  subject: Subject,
  onTested: (tested: Tested) => void,
): Promise<Tested[]> {
  const remote = await client.contract()
  if (remote.name !== subject.contract.name) {
    throw new CliError(
      `The instance runs the contract ${remote.name}, not ${subject.contract.name}.`,
      'Name the same contract with --contract.',
    )
  }
  const stage = await openStage(client, remote, {
    form: shownBy(subject.contract)?.form ?? null,
    limits: limitsOfKey(answersOf(subject.contract)),
  })
  const all: Tested[] = []
  for (const page of pagesOf(subject)) {
    const results = [await testServed(page)]
    for (const example of readExamples(page)) results.push(await testOne(stage, subject.contract, example))
    for (const tested of results) onTested(tested)
    all.push(...results)
  }
  return all
}

async function testServed({ name, markdown }: Page): Promise<Tested> {
  const about = { page: name, heading: 'as the instance serves it', language: '' }
  const url = below(controlUrl(), `/docs/${name}.md`)
  try {
    const response = await fetch(url)
    if (response.ok && (await response.text()) === markdown) return { ...about, result: 'passed', message: null }
    const message = response.ok
      ? 'The instance documents other addresses or another contract: give --public-url and --console-url as it has them.'
      : `${url} answers ${response.status}.`
    return { ...about, result: 'failed', message }
  } catch {
    return { ...about, result: 'failed', message: `${url} cannot be reached.` }
  }
}

async function testOne(stage: Stage, contract: Contract, example: Example): Promise<Tested> {
  const { page, heading, language, situation } = example
  const about = { page, heading, language }
  if (situation === 'rate_limited' && stage.limits.length === 0)
    return { ...about, result: 'not_run', message: 'No key can be given a limit for each address.' }
  const { credential, undo } = await prepare(stage, situation)
  const tell = (message: string) => message.replaceAll(credential, '…').replaceAll(stage.organization, 'acme')
  try {
    const variables = environmentFor(contract, credential)
    // The first request is the one that the limit admits.
    if (situation === 'rate_limited') await runExample(example, variables)
    const ran = await runExample(example, variables)
    const stdout = ran.stdout.replaceAll(stage.organization, 'acme')
    const wrong = compare(example, { ...ran, stdout })
    return { ...about, result: wrong === null ? 'passed' : 'failed', message: wrong === null ? null : tell(wrong) }
  } catch (error) {
    if (error instanceof NotInstalled) return { ...about, result: 'not_run', message: error.message }
    throw error
  } finally {
    await undo()
  }
}

/** The same, but that one request uses up the first, and none any other. Empty where no key can have them. */
function limitsOfKey({ limits }: Pick<Answers, 'limits'>): Limit[] {
  const given = limits.flatMap(({ per, ...limit }, i) =>
    per === 'address' ? [] : [{ ...limit, per, requests: i === 0 ? 1 : mostRequests }],
  )
  return given.length === limits.length ? given : []
}

const mostRequests = 1_000_000_000

/** What the examples read: the key, and the credential of whoever tests. */
function environmentFor(contract: Contract, credential: string): Record<string, string> {
  const own = serviceKey() ?? storedToken(controlUrl())
  return { ...variablesFor(contract, credential), ...(own === null ? {} : { KEYWRIGHT_SERVICE_KEY: own }) }
}
