import { strToU8, zipSync } from 'fflate'
import { htmlOf } from './html.ts'
import { llmsText, pagesOf } from './pages.ts'
import type { Subject } from './subject.ts'

/** Everything that is written down, by path: `docs/limits.html`, `llms.txt`. */
export type Site = ReadonlyMap<string, string>

export function siteOf(subject: Subject): Site {
  const pages = pagesOf(subject)
  const title = subject.contract.title
  return new Map([
    ...pages.flatMap((page): [string, string][] => [
      [`docs/${page.name}.html`, htmlOf(page, pages, title)],
      [`docs/${page.name}.md`, page.markdown],
    ]),
    ['llms.txt', llmsText(subject, pages)],
  ])
}

/** The same bytes for the same documentation: no file in it has a time of its own. */
export function zipOf(site: Site): Uint8Array {
  const files = Object.fromEntries([...site].map(([path, text]) => [path, strToU8(text)]))
  return zipSync(files, { mtime: new Date(1980, 0, 1) })
}
