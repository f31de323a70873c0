import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

/** What a search did not see. */
export interface Unseen {
  /** How many are too large, no text, links, neither file nor folder, or folders that hold what others wrote. */
  skipped: number
  unread: { path: string; reason: string }[]
}

/** null for what is passed over. */
type Content = { names: string[] } | { text: string } | null

const mostBytes = 10 * 1024 * 1024
const ignored = new Set(['.git', 'node_modules', '.hg', '.svn'])

/** Hands over the text of every file. What cannot be read keeps nothing else from being read. */
export function readFiles(paths: readonly string[], onText: (file: string, text: string) => void): Unseen {
  const unseen: Unseen = { skipped: 0, unread: [] }
  const visit = (path: string, content: Content | Error) => {
    if (content === null) unseen.skipped++
    else if (content instanceof Error) unseen.unread.push({ path, reason: reasonOf(content) })
    else if ('text' in content) onText(path, content.text)
    else
      for (const name of content.names) {
        const below = join(path, name)
        visit(
          below,
          attempt(() => contentBelow(below)),
        )
      }
  }
  for (const path of paths)
    visit(
      path,
      attempt(() => contentOf(path)),
    )
  return unseen
}

/** Of what somebody named: whatever its size, and wherever a link leads. */
function contentOf(path: string): Content {
  const stat = statSync(path)
  if (stat.isDirectory()) return namesIn(path)
  // A device may never end. A pipe is what a shell makes of `<(git diff)` and of standard input.
  if (!stat.isFile() && !stat.isFIFO()) throw new Error('it is neither a file, a folder nor a pipe')
  return textOf(readFileSync(path))
}

/** Links are not followed: they lead out of what was asked for, or in circles. */
function contentBelow(path: string): Content {
  const stat = lstatSync(path)
  if (stat.isDirectory()) return ignored.has(basename(path)) ? null : namesIn(path)
  return stat.isFile() && stat.size <= mostBytes ? textOf(readFileSync(path)) : null
}

function namesIn(folder: string): Content {
  return { names: readdirSync(folder).sort() }
}

function textOf(bytes: Buffer): Content {
  const mark = bytes.toString('latin1', 0, 2)
  if (mark === '\xff\xfe') return { text: new TextDecoder('utf-16le').decode(bytes) }
  if (mark === '\xfe\xff') return { text: new TextDecoder('utf-16be').decode(bytes) }
  return bytes.subarray(0, 8_192).includes(0) ? null : { text: bytes.toString('latin1') }
}

function attempt(read: () => Content): Content | Error {
  try {
    return read()
  } catch (error) {
    return error as Error
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code ?? message
}
