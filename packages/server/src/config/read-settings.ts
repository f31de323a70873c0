import { readFileSync } from 'node:fs'
import { nearest } from '@keywright/core'
import { type ConfigFile, readConfigFile } from './file.ts'
import { type Setting, type Settings, settings } from './settings.ts'
import { SettingError } from './start-error.ts'

export type Flags = Readonly<Record<string, string | readonly string[] | undefined>>
export type Environment = Readonly<Record<string, string | undefined>>

export interface SettingSources {
  /** By the flag's name in camel case: `controlPort`, `trustedProxy`. */
  flags: Flags
  env: Environment
  /** Where the configuration file is looked for. */
  folder: string
}

/** Read by `keywright` as a client; no settings of a server, but no mistakes either. */
const clientVariables = ['KEYWRIGHT_URL', 'KEYWRIGHT_API_KEY']
const configVariable = 'KEYWRIGHT_CONFIG'

/** What one contract's page promises that its service key is called. */
const serviceKeyVariables: Readonly<Record<string, string>> = { holonomix: 'HX_GATE_ENGINE_SERVICE_KEY' }

const all = Object.entries(settings) as [keyof Settings, Setting][]

/** A flag beats a variable beats the file. @throws SettingError that names what is unknown or not usable */
export async function readSettings({ flags, env, folder }: SettingSources): Promise<Settings> {
  refuseUnknown(env)
  const named = flags.config ?? (env[configVariable] || undefined)
  const file = await readConfigFile(typeof named === 'string' ? named : undefined, folder)
  if (file) refuseUnknownMembers(file)

  const read = Object.fromEntries(all.map(([name, setting]) => [name, readOne(name, setting, { flags, env, file })]))
  const result = read as unknown as Settings
  return { ...result, serviceKey: contractsOwn(result, env) ?? result.serviceKey }
}

/** `--control-port` is kept as `controlPort`. */
export function flagKey(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function refuseUnknown(env: Environment): void {
  const known = new Set([configVariable, ...clientVariables])
  for (const [, { variable, secret }] of all) {
    known.add(variable)
    if (secret) known.add(`${variable}_FILE`)
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('KEYWRIGHT_') && !known.has(name)) throw unknown(name, known)
  }
}

function refuseUnknownMembers({ name, values }: ConfigFile): void {
  for (const member of Object.keys(values)) {
    const setting = Object.hasOwn(settings, member) ? settings[member as keyof Settings] : undefined
    if (!setting) throw unknown(`${member} in ${name}`, fileMembers(), member)
    if (setting.notInFile) {
      throw new SettingError(
        `${member} may not stand in ${name}: files like this one are copied and committed.`,
        `Set ${setting.variable}, or ${setting.variable}_FILE to a file that only the server reads.`,
      )
    }
  }
}

function fileMembers(): string[] {
  return all.filter(([, setting]) => !setting.notInFile).map(([name]) => name)
}

function unknown(what: string, known: Iterable<string>, name = what): SettingError {
  const meant = nearest(name, known)
  return new SettingError(
    `${what} is no setting of Keywright.`,
    meant ? `Did you mean ${meant}?` : 'Run `keywright serve --help` for all settings.',
  )
}

function readOne(
  name: keyof Settings,
  setting: Setting,
  { flags, env, file }: { flags: Flags; env: Environment; file: ConfigFile | null },
): unknown {
  const flag = setting.flag && flags[flagKey(setting.flag.name)]
  if (flag !== undefined) return parsed(setting, `--${setting.flag?.name}`, flag)

  const variable = setting.secret ? secretFrom(env, setting.variable) : env[setting.variable]
  // Container tools pass on what is not set as an empty variable.
  if (variable) return parsed(setting, setting.variable, variable)

  const value = file?.values[name]
  if (value !== undefined && value !== null) return parsed(setting, `${name} in ${file?.name}`, value)
  return setting.fallback
}

function parsed({ read, secret }: Setting, where: string, value: unknown): unknown {
  const result = read.safeParse(value)
  if (result.success) return result.data
  // What is before an @ is refused in every address, and may be a password.
  const shown = secret ? '' : ` ${JSON.stringify(value)}`.replaceAll(/\/\/[^"]*@/g, '//…@')
  const [issue] = result.error.issues
  const place = issue?.path.map((step) => (typeof step === 'number' ? `entry ${step + 1}` : String(step))) ?? []
  const member = place.length > 0 ? `${place.join(', ')}: ` : ''
  throw new SettingError(`${where}${shown} is not usable: ${member}${issue?.message}.`, `Change ${where}.`)
}

function secretFrom(env: Environment, variable: string): string | undefined {
  const value = env[variable] || undefined
  const file = env[`${variable}_FILE`] || undefined
  if (file === undefined) return value
  if (value !== undefined) {
    throw new SettingError(`${variable} and ${variable}_FILE are both set.`, 'Keep the one that is meant.')
  }
  const content = contentOf(file, variable)
  // A mount that nobody has filled: the server would start with a secret, or a database, of its own making.
  if (content === '') {
    throw new SettingError(
      `${variable}_FILE names ${file}, which is empty.`,
      `Write the value into it, or leave out ${variable}_FILE.`,
    )
  }
  return content
}

function contentOf(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new SettingError(
      `${variable}_FILE names ${file}, which cannot be read${code}.`,
      'Check path and permissions.',
    )
  }
}

function contractsOwn({ contract, serviceKey }: Settings, env: Environment): string | null {
  const variable = serviceKeyVariables[contract]
  const value = variable === undefined ? undefined : secretFrom(env, variable)
  if (variable === undefined || value === undefined) return null
  const own = parsed(settings.serviceKey, variable, value) as string
  if (serviceKey !== null && serviceKey !== own) {
    throw new SettingError(`${variable} and KEYWRIGHT_SERVICE_KEY differ.`, 'They name the same key: keep one of them.')
  }
  return own
}
