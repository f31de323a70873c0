import { hash } from 'node:crypto'
import { Marked, type Tokens } from 'marked'
import { stylesheet } from './style.ts'
import type { Page } from './subject.ts'

/** No script, one stylesheet that is named by its digest, and of the network only `/favicon.ico`, which browsers ask for. */
export const policy = [
  "default-src 'none'",
  "img-src 'self'",
  `style-src 'sha256-${hash('sha256', stylesheet, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const marked = new Marked({
  renderer: {
    /** Markdown lets HTML through; nothing of it is ours. */
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    heading({ tokens, depth, text }: Tokens.Heading) {
      const id = text
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '')
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`
    },
    code: ({ text, lang = '' }: Tokens.Code) =>
      `<pre tabindex="0" class="${/^\w*/.exec(lang)?.[0]}"><code>${escapeHtml(text)}</code></pre>\n`,
    table(token: Tokens.Table) {
      const cells = (row: readonly Tokens.TableCell[], tag: 'th' | 'td') =>
        row.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')
      const rows = token.rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')
      const head = `<thead><tr>${cells(token.header, 'th')}</tr></thead>`
      return `<div class="wide" tabindex="0"><table>${head}<tbody>${rows}</tbody></table></div>\n`
    },
    link({ href, tokens }: Tokens.Link) {
      const page = /^([a-z]+)\.md(#[a-z0-9-]+)?$/.exec(href)
      const target = page ? `${page[1]}.html${page[2] ?? ''}` : /^#[a-z0-9-]+$/.test(href) ? href : null
      const text = this.parser.parseInline(tokens)
      return target === null ? text : `<a href="${target}">${text}</a>`
    },
    image: ({ text }: Tokens.Image) => escapeHtml(text),
  },
})

export function htmlOf({ name, title, about, markdown }: Page, pages: readonly Page[], api: string): string {
  const links = pages.map(
    (page) =>
      `<li><a href="${page.name}.html"${page.name === name ? ' aria-current="page"' : ''}>${escapeHtml(page.title)}</a></li>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(about)}">
<title>${escapeHtml(`${title} · ${api} API`)}</title>
<style>${stylesheet}</style>
</head>
<body>
<header><a class="api" href="index.html">${escapeHtml(api)} API</a></header>
<nav aria-label="Pages"><ul>
${links.join('\n')}
</ul><p><a href="${name}.md">This page as Markdown</a></p></nav>
<main>
${marked.parse(markdown, { async: false })}</main>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
