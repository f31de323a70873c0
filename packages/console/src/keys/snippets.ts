import type { Contract } from '@keywright/client'

export interface Snippet {
  label: string
  code: string
}

type Sending = Pick<Contract, 'credential' | 'forms' | 'docs'>

/** The documentation's example in several languages, and what they read: curl's has it in its place. */
export function snippets(contract: Sending, credential: string): Snippet[] {
  const variables = new Map(variablesFor(contract, credential))
  const filled = (code: string) =>
    code.replace(/(?<!\\)\$(\w+)/g, (whole, name) => {
      const value = variables.get(name)
      return value === undefined ? whole : inShell(value)
    })
  return [
    ...contract.docs.snippets.map(({ label, code }) => ({ label, code: label === 'curl' ? filled(code) : code })),
    { label: '.env', code: Array.from(variables, ([name, value]) => `${name}=${value}`).join('\n') },
  ]
}

/** Between double quotation marks, as the documentation writes what else is there. */
function inShell(text: string): string {
  return text.replace(/[\\"$]/g, '\\$&').replace(/[`!]/g, `"'$&'"`)
}

function variablesFor({ credential: { sources }, forms, docs }: Sending, credential: string): [string, string][] {
  const { variable } = docs
  // One prefix may begin with another.
  const [form] = forms
    .filter(({ prefix }) => credential.startsWith(prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)
  const [source] = sources
  if (!source?.idHeader || !form?.publicId) return [[variable, credential]]
  const idLength = form.prefix.length + form.publicId.length
  const secret = credential.slice(idLength + form.publicId.separator.length)
  return [
    [`${variable}_ID`, credential.slice(0, idLength)],
    [`${variable}_SECRET`, secret || '…'],
  ]
}
