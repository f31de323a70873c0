import { existsSync, readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { builtIn } from '@keywright/contracts'
import { type Contract, ContractError, nearest, parseContract } from '@keywright/core'
import { parseJson, parseYaml, reasonOf } from './file.ts'
import { SettingError } from './start-error.ts'

/** A built-in contract by its name, or the one in a file. @throws SettingError */
export async function readContract(nameOrFile: string, folder: string): Promise<Contract> {
  if (Object.hasOwn(builtIn, nameOrFile)) return (builtIn as Record<string, Contract>)[nameOrFile] as Contract
  const path = resolve(folder, nameOrFile)
  if (!existsSync(path)) {
    const names = Object.keys(builtIn)
    const meant = nearest(nameOrFile, names)
    throw new SettingError(
      `There is no built-in contract and no file ${nameOrFile}.`,
      `${meant ? `Did you mean ${meant}? ` : ''}Built in are ${names.join(', ')}; a file ends in .ts, .js, .yaml or .json.`,
    )
  }
  try {
    return parseContract(await dataIn(path))
  } catch (error) {
    if (!(error instanceof ContractError)) {
      throw new SettingError(`${nameOrFile} cannot be read: ${reasonOf(error, path)}`, 'Correct the file.')
    }
    const lines = error.message.replaceAll(/^contract: /gm, '  ')
    throw new SettingError(`${nameOrFile} is no contract that can be run:\n${lines}`, 'Correct what is named.')
  }
}

async function dataIn(path: string): Promise<unknown> {
  const extension = extname(path)
  if (extension === '.json') return parseJson(readFileSync(path, 'utf8'))
  if (extension === '.yaml' || extension === '.yml') return parseYaml(readFileSync(path, 'utf8'))
  if (!['.ts', '.js', '.mts', '.mjs'].includes(extension))
    throw new Error('its name has to end in .ts, .js, .yaml or .json')
  const exported: { default?: unknown } = await import(pathToFileURL(path).href)
  if (!('default' in exported)) throw new Error('it exports nothing as default')
  return exported.default
}
