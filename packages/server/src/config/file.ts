import { existsSync, readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { walkJson } from '../json/walk.ts'
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
        return parseJson(readFileSync(path, 'utf8'))
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
    throw new SettingError(`${name} cannot be read: ${reasonOf(error, path)}`, 'Correct the file.')
  }
  throw new SettingError(`${name} is no configuration file.`, 'Its name has to end in .ts, .js, .yaml or .json.')
}

/**
 * Why a file of settings or a contract cannot be read. Parsers quote the line that they stumble over, and the password
 * of the database may be in it.
 */
export function reasonOf(error: unknown, path: string): string {
  if (!(error instanceof Error)) return 'what it throws is no error'
  if (error.name !== 'SyntaxError' || quotesNothing(error)) return error.message
  const stack = error.stack ?? ''
  const [, file, line] = /^(.*):(\d+)\n/.exec(stack) ?? []
  if (line === undefined && !/^.*\n +at .*node:internal/.test(stack)) return 'it throws a SyntaxError'
  const which = file === undefined || file === path || file === pathToFileURL(path).href ? 'it' : file
  return `${which} is no JavaScript or TypeScript that can be run${line === undefined ? '' : `, at line ${line}`}`
}

/** A name that another module does not export, and syntax that only a compiler of TypeScript knows. */
function quotesNothing(error: Error): boolean {
  if ('code' in error && error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return true
  return error.message.includes('does not provide an export named')
}

/** The parser is loaded where there is something to parse: most starts do without. */
export async function parseYaml(text: string): Promise<unknown> {
  const { isScalar, parseDocument, visit } = await import('yaml')
  // Its warnings quote as well.
  const document = parseDocument(text, { logLevel: 'error' })
  const [error] = document.errors
  if (error) {
    const [place] = error.linePos ?? []
    const where = place ? ` at line ${place.line}, column ${place.col}` : ''
    throw new Error(`it is no YAML${where}: ${error.code.toLowerCase().replaceAll('_', ' ')}`)
  }
  visit(document, {
    // `{message}` without quotes: an object with a member that has neither colon nor value.
    Pair(_, { key, value }) {
      if (value !== null || !isScalar(key)) return
      throw new Error(`a text that begins with a brace needs quotes${placeOf(text, key.range?.[0] ?? 0)}`)
    },
  })
  try {
    return document.toJS()
  } catch {
    throw new Error('it is no YAML')
  }
}

/** As YAML is read: with a mark at its beginning or without, and with no member twice, of which one would be lost. */
export function parseJson(text: string): unknown {
  const unmarked = text.replace(/^\ufeff/, '')
  const value = strictJson(unmarked)
  walkJson(unmarked, {
    opened: () => {},
    member(_, isRepeated, at) {
      if (isRepeated) throw new Error(`a member is there twice${placeOf(unmarked, at)}`)
    },
  })
  return value
}

function strictJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1]
    throw new Error(`it is no JSON${position === undefined ? '' : placeOf(text, Number(position))}`)
  }
}

function placeOf(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n')
  return ` at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}
