import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = [root, join(root, 'docs')].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
)

/** As GitHub makes them of headings. */
function anchorsOf(file: string): string[] {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const links = pages.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/\]\((?![a-z]+:)([^)]+)\)/g)].map(([, to = '']) => {
    const [path, anchor] = to.split('#')
    return { from: page.slice(root.length), to, file: path ? join(dirname(page), path) : page, anchor }
  }),
)

it.each(links)('$from leads to $to, which is there', ({ file, anchor }) => {
  expect(existsSync(file)).toBe(true)
  if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor)
})
