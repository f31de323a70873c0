import type { Contract } from '@keywright/client'

export interface Snippet {
  label: string
  code: string
}

type Sending = Pick<Contract, 'credential' | 'forms' | 'docs'>

/** The documentation's example in several languages, and what they read: curl's lines begin with it. */
export function snippets(contract: Sending, credential: string): Snippet[] {
  const variables = variablesFor(contract, credential)
  const assigned = variables.map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`).join('')
  return [
    ...contract.docs.snippets.map(({ label, code }) => ({ label, code: label === 'curl' ? assigned + code : code })),
    { label: '.env', code: variables.map(([name, value]) => `${name}=${value}`).join('\n') },
  ]
}

function variablesFor({ credential: { sources }, forms, docs }: Sending, credential: string): [string, string][] {
  const { variable } = docs
  const form = forms.find(({ prefix }) => credential.startsWith(prefix))
  const [source] = sources
  if (!source?.idHeader || !form?.publicId) return [[variable, credential]]
  const idLength = form.prefix.length + form.publicId.length
  const secret = credential.slice(idLength + form.publicId.separator.length)
  return [
    [`${variable}_ID`, credential.slice(0, idLength)],
    [`${variable}_SECRET`, secret || '…'],
  ]
}
