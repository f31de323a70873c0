import { existsSync, readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SettingError } from './start-error.ts'

const defaultNames = ['ts', 'js', 'yaml', 'json'].map((extension) => `keywright.config.${extension}`)

export interface ConfigFile {
  /** As people should read it in an error. */
  name: string
  values: Readonly<Record<string, unknown>>
}

/** The file that was named, or the one with a default name where there is one. */
export async function readConfigFile(named: string | undefined, folder: string): Promise<ConfigFile | null> {
  const name = named ?? defaultNames.find((candidate) => existsSync(resolve(folder, candidate)))
  if (name === undefined) return null
  const values = await valuesOf(name, resolve(folder, name))
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return { name, values: { ...values } }
  throw new SettingError(`${name} holds no settings.`, 'Write an object there: upstream: http://127.0.0.1:3000')
}

async function valuesOf(name: string, path: string): Promise<unknown> {
  try {
    switch (extname(path)) {
      case '.yaml':
      case '.yml':
        return await parseYaml(readFileSync(path, 'utf8'))
      case '.json':
        return JSON.parse(readFileSync(path, 'utf8'))
      case '.ts':
      case '.js':
      case '.mjs':
      case '.mts':
        readFileSync(path)
        return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
    }
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT' && error.message.includes(path)
    if (missing)
      throw new SettingError(`There is no file ${name}.`, 'Check the path after --config or KEYWRIGHT_CONFIG.')
    throw new SettingError(
      `${name} cannot be read: ${error instanceof Error ? error.message : error}`,
      'Correct the file.',
    )
  }
  throw new SettingError(`${name} is no configuration file.`, 'Its name has to end in .ts, .js, .yaml or .json.')
}

/** The parser is loaded where there is something to parse: most starts do without. */
export async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml')
  return parse(text)
}
