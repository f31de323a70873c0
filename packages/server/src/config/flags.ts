import { parseArgs } from 'node:util'
import { nearest } from '@keywright/core'
import { type Flags, flagKey } from './read-settings.ts'
import { settings } from './settings.ts'
import { SettingError } from './start-error.ts'

export interface Flag {
  name: string
  takes: string
  repeatable?: true
  about: string
}

/** Every flag of `serve`, in the order of its help. */
export const flags: readonly Flag[] = [
  { name: 'config', takes: '<file>', about: 'configuration file instead of keywright.config.{ts,js,yaml,json}' },
  ...Object.values(settings).flatMap(({ flag }) => (flag ? [flag] : [])),
]

/** Reads a command line that holds nothing but flags. @throws SettingError */
export function parseFlags(args: readonly string[]): Flags {
  const options = Object.fromEntries(
    flags.map(({ name, repeatable }) => [name, { type: 'string' as const, multiple: repeatable === true }]),
  )
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const values: Record<string, string | string[]> = {}
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new SettingError(`${token.value} is no flag.`, 'Flags begin with two dashes.')
    if (token.kind !== 'option') continue
    const flag = flags.find(({ name }) => token.rawName === `--${name}`)
    if (!flag) throw unknownFlag(token.rawName)
    if (!token.value) throw new SettingError(`${token.rawName} needs a value.`, `Write ${token.rawName} ${flag.takes}.`)
    const key = flagKey(flag.name)
    if (flag.repeatable) values[key] = [...(values[key] ?? []), token.value]
    else if (key in values) throw new SettingError(`${token.rawName} is there twice.`, 'Keep the one that is meant.')
    else values[key] = token.value
  }
  return values
}

function unknownFlag(rawName: string): SettingError {
  const meant = nearest(
    rawName.replace(/^-+/, ''),
    flags.map(({ name }) => name),
  )
  return new SettingError(
    `${rawName} is no flag of Keywright.`,
    meant ? `Did you mean --${meant}?` : 'Run `npx keywright serve --help` for all flags.',
  )
}
