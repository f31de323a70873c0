import { type Contract, compileFormat, type Source, shownBy } from '@keywright/core'
import { inline } from './markdown.ts'

/** A request with a key, to be written down in some language. */
export interface KeyedRequest {
  method: string
  url: string
  /** null: without a credential. */
  source: Source | null
  /** JSON; null: without a body. */
  body: string | null
  /** Names the variable that holds the key. */
  variable: string
}

/** What the source asks for: header fields, each as the text before the value of a variable. */
export interface Field {
  name: string
  before: string
  variable: string
}

export function fieldsOf({ source, variable }: KeyedRequest): Field[] {
  if (source === null) return []
  if ('header' in source)
    return [{ name: source.header, before: source.scheme === undefined ? '' : `${source.scheme} `, variable }]
  if ('idHeader' in source) {
    return [
      { name: source.idHeader, before: '', variable: `${variable}_ID` },
      { name: source.secretHeader, before: '', variable: `${variable}_SECRET` },
    ]
  }
  return []
}

/** What the variables hold: the key, and its halves where it has some. */
export function variablesFor({ key, docs }: Contract, credential: string): Record<string, string> {
  const format = compileFormat(key)
  const form = format.forms[format.parse(credential)]
  const publicId = form?.publicId === undefined ? key.publicId : form.publicId
  const variables: Record<string, string> = { [docs.variable]: credential }
  if (form && publicId) {
    const idLength = form.prefix.length + publicId.length
    variables[`${docs.variable}_ID`] = credential.slice(0, idLength)
    variables[`${docs.variable}_SECRET`] = credential.slice(idLength + publicId.separator.length)
  }
  return variables
}

/** The address up to the key, where a parameter of it takes the key; null: it is sent elsewhere. */
export function addressBeforeKey({ source, url }: KeyedRequest): string | null {
  if (source === null || !('query' in source)) return null
  return `${url}${url.includes('?') ? '&' : '?'}${source.query}=`
}

export function basicOf({ source }: KeyedRequest): 'user' | 'password' | null {
  return source !== null && 'basic' in source ? source.basic : null
}

/** `X-Api-Key: <key>`, as Markdown. */
export function sourceInWords(source: Source): string {
  if ('header' in source)
    return inline(`${source.header}: ${source.scheme === undefined ? '' : `${source.scheme} `}<key>`)
  if ('basic' in source)
    return `${inline('Authorization: Basic')} with the key as the ${source.basic === 'user' ? 'user name' : 'password'}`
  if ('idHeader' in source)
    return `${inline(`${source.idHeader}: <id>`)} and ${inline(`${source.secretHeader}: <secret>`)}`
  return inline(`?${source.query}=<key>`)
}

/** The request that shows a key in use. */
export function exampleRequest(contract: Contract, edge: string): KeyedRequest & { source: Source } {
  const { credential, docs } = contract
  const { method, path } = docs.example
  const [source = { header: 'Authorization', scheme: 'Bearer' }] = credential.sources
  return { method, url: edge + path, source, variable: docs.variable, body: shownBy(contract)?.body ?? null }
}
