import { addressBeforeKey, basicOf, type Field, fieldsOf, type KeyedRequest } from './sending.ts'

export const languages = [
  { name: 'TypeScript', tag: 'ts', write: typescript },
  { name: 'Python', tag: 'python', write: python },
  { name: 'Go', tag: 'go', write: go },
] as const

/** The request in each of them, and for curl. */
export function snippets(request: KeyedRequest): { label: string; code: string }[] {
  return [
    { label: 'curl', code: curl(request) },
    ...languages.map(({ name, write }) => ({ label: name, code: write(request) })),
  ]
}

/** `-i` shows the status and the headers, which is where refusals say most. */
export function curl(request: KeyedRequest, moreHeaders: readonly string[] = []): string {
  return curlParts(request, moreHeaders)
    .map(([flags, ...word]) => {
      const written = word.map((part) => (typeof part === 'string' ? inShell(part) : `$${part.variable}`))
      return `${flags} "${written.join('')}"`
    })
    .join(' \\\n  ')
}

/** On one line, with what the variables hold in their place. */
export function curlLine(request: KeyedRequest, values: Readonly<Record<string, string>>): string {
  return curlParts(request)
    .map(([flags, ...word]) => {
      const filled = word.map((part) => (typeof part === 'string' ? part : values[part.variable]))
      return `${flags} ${shellWord(filled.join(''))}`
    })
    .join(' ')
}

/** Flags, and what stands behind them: text, and what variables hold. */
type Part = readonly [flags: string, ...word: (string | { variable: string })[]]

function curlParts(request: KeyedRequest, moreHeaders: readonly string[] = []): Part[] {
  const { method, url, variable, body } = request
  const before = addressBeforeKey(request)
  const basic = basicOf(request)
  // Unless it is told not to, curl takes brackets for several addresses.
  const command = `${/[[\]{}]/.test(url) ? 'curl -g -i' : 'curl -i'}${method === 'GET' ? '' : ` -X ${method}`}`
  const parts: Part[] = [before === null ? [command, url] : [command, before, { variable }]]
  for (const { name, before, variable } of fieldsOf(request)) parts.push(['-H', `${name}: ${before}`, { variable }])
  if (basic !== null) parts.push(basic === 'user' ? ['-u', { variable }, ':'] : ['-u', 'key:', { variable }])
  for (const header of moreHeaders) parts.push(['-H', header])
  if (body !== null) parts.push(['-H', 'Content-Type: application/json'], ['-d', body])
  return parts
}

function typescript(request: KeyedRequest): string {
  const value = ({ before, variable }: Field) =>
    before === '' ? `process.env.${variable} ?? ''` : `\`${inTemplate(before)}\${process.env.${variable}}\``
  const before = addressBeforeKey(request)
  const pair = basicPair(request, (name) => `\${process.env.${name}}`)
  const headers = [
    ...fieldsOf(request).map((field) => `    ${quoted(field.name)}: ${value(field)},`),
    ...(pair === null ? [] : [`    Authorization: \`Basic \${btoa(\`${pair}\`)}\`,`]),
    ...(request.body === null ? [] : ['    "Content-Type": "application/json",']),
  ]
  const address = before === null ? quoted(request.url) : `\`${inTemplate(before)}\${process.env.${request.variable}}\``
  return [
    `const response = await fetch(${address}, {`,
    ...(request.method === 'GET' ? [] : [`  method: ${quoted(request.method)},`]),
    ...(headers.length === 0 ? [] : ['  headers: {', ...headers, '  },']),
    ...(request.body === null ? [] : [`  body: ${quoted(request.body)},`]),
    '})',
    'console.log(response.status, await response.text())',
  ].join('\n')
}

function python(request: KeyedRequest): string {
  const env = (name: string) => `os.environ[${quoted(name)}]`
  const before = addressBeforeKey(request)
  const pair = basicOf(request)
  const joined = (before: string, variable: string) =>
    before === '' ? env(variable) : `${quoted(before)} + ${env(variable)}`
  const headers = fieldsOf(request).map(
    ({ name, before, variable }) => `    ${quoted(name)}: ${joined(before, variable)},`,
  )
  if (pair !== null) {
    const text = pair === 'user' ? `${env(request.variable)} + ":"` : `"key:" + ${env(request.variable)}`
    headers.push(`    "Authorization": "Basic " + base64.b64encode((${text}).encode()).decode(),`)
  }
  if (request.body !== null) headers.push('    "Content-Type": "application/json",')
  const data = request.body === null ? '' : `data=${quoted(request.body)}.encode(), `
  const address = before === null ? quoted(request.url) : `${quoted(before)} + ${env(request.variable)}`
  return [
    `import ${pair === null ? '' : 'base64, '}os, urllib.error, urllib.request`,
    '',
    `request = urllib.request.Request(${address}, ${data}method=${quoted(request.method)}, headers={`,
    ...headers,
    '})',
    'try:',
    '    response = urllib.request.urlopen(request)',
    'except urllib.error.HTTPError as refusal:',
    '    response = refusal',
    'print(response.status, response.read().decode())',
  ].join('\n')
}

function go(request: KeyedRequest): string {
  const env = (name: string) => `os.Getenv(${quoted(name)})`
  const before = addressBeforeKey(request)
  const pair = basicOf(request)
  const address = before === null ? quoted(request.url) : `${quoted(before)}+${env(request.variable)}`
  const headers = fieldsOf(request).map(
    ({ name, before, variable }) =>
      `\trequest.Header.Set(${quoted(name)}, ${before === '' ? '' : `${quoted(before)}+`}${env(variable)})`,
  )
  if (pair === 'user') headers.push(`\trequest.SetBasicAuth(${env(request.variable)}, "")`)
  if (pair === 'password') headers.push(`\trequest.SetBasicAuth("key", ${env(request.variable)})`)
  if (request.body !== null) headers.push('\trequest.Header.Set("Content-Type", "application/json")')
  const body = request.body === null ? 'nil' : `strings.NewReader(${quoted(request.body)})`
  return [
    'package main',
    '',
    `import (\n\t"fmt"\n\t"io"\n\t"log"\n\t"net/http"\n\t"os"\n${request.body === null ? '' : '\t"strings"\n'})`,
    '',
    'func main() {',
    `\trequest, err := http.NewRequest(${quoted(request.method)}, ${address}, ${body})`,
    '\tif err != nil {\n\t\tlog.Fatal(err)\n\t}',
    ...headers,
    '\tresponse, err := http.DefaultClient.Do(request)',
    '\tif err != nil {\n\t\tlog.Fatal(err)\n\t}',
    '\tdefer response.Body.Close()',
    '\tbody, err := io.ReadAll(response.Body)',
    '\tif err != nil {\n\t\tlog.Fatal(err)\n\t}',
    '\tfmt.Println(response.StatusCode, string(body))',
    '}',
  ].join('\n')
}

function basicPair(request: KeyedRequest, env: (name: string) => string): string | null {
  const basic = basicOf(request)
  if (basic === null) return null
  return basic === 'user' ? `${env(request.variable)}:` : `key:${env(request.variable)}`
}

/** One that JavaScript, Python and Go read alike. */
function quoted(text: string): string {
  return JSON.stringify(text)
}

/** A word of which no shell makes anything else: fish reads escapes between single quotation marks too. */
export function shellWord(text: string): string {
  return /^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replace(/['\\]/g, `'\\$&'`)}'`
}

/**
 * Between double quotation marks. Even there, what bash and zsh read from a terminal takes `!` for an earlier line, and fish
 * knows no escape of a backtick.
 */
function inShell(text: string): string {
  return text.replace(/[\\"$`!]/g, (character) => (/[`!]/.test(character) ? `"'${character}'"` : `\\${character}`))
}

function inTemplate(text: string): string {
  return text.replace(/[\\`]|\$(?=\{)/g, (character) => `\\${character}`)
}
