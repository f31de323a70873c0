import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from '../../docs/languages.ts'
import { type Check, failed, passed } from './check.ts'

/** What others may do with an instance's data. A folder without any is a mistake only where somebody has named it. */
export function checkFiles(data: string, isNamed: boolean): Check[] {
  if (process.platform === 'win32') return []
  // On PostgreSQL there is no database in it.
  if (!['keywright.db', 'service-key', 'secret'].some((name) => existsSync(join(data, name))))
    return isNamed ? [failed('data folder', `No instance keeps anything in ${data}. Check --data.`)] : []
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
