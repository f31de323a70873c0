/** Light and dark, from 360 pixels on. In the page itself, so that a page is one file. */
export const stylesheet = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0; --ground: #ffffff; --code: #f5f7f9; --accent: #0b5cad }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --soft: #a2abb5; --line: #343b44; --ground: #14171b; --code: #1d2127; --accent: #7cb8f5 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; overflow-wrap: break-word }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
header { padding: 16px 20px; border-bottom: 1px solid var(--line) }
.api { color: inherit; font-weight: 650; text-decoration: none }
nav { padding: 12px 20px; border-bottom: 1px solid var(--line) }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0; padding: 0; list-style: none }
nav p { margin: 8px 0 0; font-size: 14px }
nav a { display: inline-block; padding: 4px 0 }
nav a[aria-current] { color: inherit; font-weight: 650; text-decoration: none }
main { max-width: 78ch; padding: 8px 20px 64px }
h1 { font-size: 28px; line-height: 1.25; margin: 24px 0 12px }
h2 { font-size: 20px; margin: 40px 0 8px }
h3 { font-size: 16px; margin: 24px 0 8px }
code, pre { font: 14px/1.55 ui-monospace, monospace }
code { background: var(--code); padding: 1px 4px; border-radius: 4px }
pre { overflow-x: auto; margin: 12px 0; padding: 12px 14px; background: var(--code); border: 1px solid var(--line); border-radius: 8px }
h2 code, h3 code { font-size: 0.85em }
pre code { padding: 0; background: none }
pre.http { border-left: 4px solid var(--soft) }
.wide { overflow-x: auto; margin: 12px 0 }
table { border-collapse: collapse; font-size: 15px }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--soft); font-weight: 600 }
@media screen and (min-width: 960px) {
  body { display: grid; grid-template: auto 1fr / 260px 1fr }
  header { grid-column: 1 / -1 }
  nav { border: 0; border-right: 1px solid var(--line); padding: 24px 20px }
  nav ul { flex-direction: column; position: sticky; top: 24px }
  main { min-width: 0; padding: 8px 40px 64px }
}
@media print { nav { display: none } pre { white-space: pre-wrap } }
`
