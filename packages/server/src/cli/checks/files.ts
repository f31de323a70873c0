import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from '../../docs/languages.ts'
import { type Check, failed, passed } from './check.ts'

/** Where this machine keeps an instance's data, what others may do with it; nothing where it keeps none. */
export function checkFiles(data: string): Check[] {
  if (process.platform === 'win32' || !existsSync(join(data, 'keywright.db'))) return []
  const kept = readdirSync(data).filter((name) => !name.includes('.db.lock'))
  const open = isOpen(data) ? kept.map((name) => join(data, name)).filter(isOpen) : []
  if (open.length === 0) return [passed('data folder', `${data} is for its owner alone.`)]
  return [
    failed('data folder', `Others may read ${open.join(', ')}. Correct it: chmod -R u+rwX,go= ${shellWord(data)}`),
  ]
}

function isOpen(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0
}
