import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

export interface ConsoleFile {
  type: string
  /** Its name holds the digest of what is in it. */
  isImmutable: boolean
  plain: Buffer
  /** By content coding, as made at build time. */
  encoded: { br?: Buffer; gzip?: Buffer }
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** The built console, whole, by path: `/index.html`. Empty where it has not been built. */
export function readConsoleFiles(folder: string): ReadonlyMap<string, ConsoleFile> {
  const files = new Map<string, ConsoleFile>()
  if (!existsSync(folder)) return files
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const file = join(entry.parentPath, entry.name)
    const path = file.slice(folder.length).replaceAll('\\', '/').replace(/^\/?/, '/')
    files.set(path, {
      type,
      isImmutable: path.startsWith('/assets/'),
      plain: readFileSync(file),
      encoded: { ...optional('br', `${file}.br`), ...optional('gzip', `${file}.gz`) },
    })
  }
  return files
}

function optional(coding: string, file: string) {
  return existsSync(file) ? { [coding]: readFileSync(file) } : {}
}
