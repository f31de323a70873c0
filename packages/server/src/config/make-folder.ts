import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes the folder where there is none, and those above it. With `recursive` Node tries for ever where the system says of
 * what cannot be made that it is not there, as it does below /proc.
 */
export function makeFolder(path: string, options: { mode?: number } = {}): void {
  const folder = resolve(path)
  if (isFolder(folder)) return
  const above = dirname(folder)
  if (above !== folder && !existsSync(above)) makeFolder(above, options)
  try {
    mkdirSync(folder, options)
  } catch (error) {
    // Two processes may start at once.
    if (!isFolder(folder)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
