import { readFileSync } from 'node:fs'
import { builtIn } from '@keywright/contracts'
import { ContractError, parseContract, refusalNames } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { parseYaml } from './file.ts'

const page = readFileSync(new URL('../../../../docs/contract.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| `'))

/** Each with the errors it is there to show, a line for each: those of a block of text that follows. */
const pieces = [...page.matchAll(/^```yaml\n(.*?)^```\n(?:[^`]*?^```text\n(.*?)^```\n)?/gms)].map(
  ([, yaml = '', errors]) => ({ yaml, errors: errors?.trimEnd().split('\n') ?? [] }),
)

const [smallest, writtenOut] = pieces

async function dataOf({ yaml }: { yaml: string }): Promise<object> {
  const whole = (await parseYaml(smallest?.yaml ?? '')) as object
  return { ...whole, ...((await parseYaml(yaml)) as object) }
}

function problemsOf(data: object): string[] {
  try {
    parseContract(data)
    return []
  } catch (error) {
    if (error instanceof ContractError) return error.problems.map(({ field, message }) => `${field}: ${message}`)
    throw error
  }
}

/** The same data, which notes each field that it is asked for, be it there or not. */
function noting(value: unknown, path: string, asked: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const pathOf = (name: string) => (Array.isArray(value) ? `${path}[]` : `${path}${path && '.'}${name}`)
  return new Proxy(structuredClone(value), {
    get: (target, name) => noting(Reflect.get(target, name), pathOf(String(name)), asked),
    getOwnPropertyDescriptor(target, name) {
      asked.add(pathOf(String(name)))
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  })
}

/** What people name themselves, and what the page describes in one place. */
function asOnThePage(path: string): string {
  return path
    .replace(/^(plans|refusals)\.[^.]+/, '$1.*')
    .replace(/^(permissions\.offered|identityHeaders|(?:.*\.)?(?:values|headers|json|problem))\..*/, '$1')
    .replace(/^(?:plans\.\*|routes\[\])\.(?=limits\[\])/, '')
    .replace(/^refusals\.\*\.(?=body\.)/, '')
    .replace(/^key\.forms\[\]\.(?=(?:random|publicId)\.)/, 'key.')
}

const asked = new Set<string>()
for (const data of [...Object.values(builtIn), ...(await Promise.all(pieces.map(dataOf)))]) {
  if (problemsOf(data).length === 0) parseContract(noting(data, '', asked))
}
const fields = [...new Set([...asked].map(asOnThePage))].sort()
/** An object needs no row of its own where its members have theirs. */
const described = fields.filter((field) => !fields.some((other) => other.startsWith(`${field}.`)))

describe('the page of the contract', () => {
  it.each(pieces)('has a piece that is read, or refused with the errors it shows: $yaml', async (piece) => {
    expect(problemsOf(await dataOf(piece))).toEqual(piece.errors)
  })

  it('writes out what holds unless it is given', async () => {
    if (!smallest || !writtenOut) throw new Error('There are no pieces.')
    const data = (await parseYaml(writtenOut.yaml)) as object
    expect(parseContract(data)).toEqual(parseContract(await parseYaml(smallest.yaml)))
    expect(Object.keys(data)).toEqual(Object.keys(parseContract(data)))
  })

  it.each(described)('has a row for %s', (field) => {
    expect(rows.filter((row) => row.split('|')[1]?.trim() === `\`${field}\``)).toHaveLength(1)
  })

  it('has a row for no field that is not there', () => {
    const named = rows.flatMap((row) => row.match(/^\| `([a-zA-Z]+(?:[.[][^`]*)?)` \|/)?.[1] ?? [])
    expect(named.filter((name) => !fields.includes(name) && !refusalNames.some((row) => row === name))).toEqual([])
  })

  it.each(refusalNames)('has a row that is true for the refusal %s', (name) => {
    const { refusals } = parseContract({
      name: 'acme',
      key: { forms: [{ prefix: 'acme_' }] },
      body: { json: ['{type}', '{code}'] },
    })
    const { status, values } = refusals[name]
    const [, , , ...told] = rows.find((row) => row.startsWith(`| \`${name}\` |`))?.split('|') ?? []
    expect(told.map((cell) => cell.trim())).toEqual([String(status), `\`${values?.type}\``, ''])
    expect(values?.code).toBe(name === 'repeated_credential' ? 'invalid_credential' : name)
  })
})
