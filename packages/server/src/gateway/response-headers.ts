import type { IncomingHttpHeaders } from 'node:http'
import { type Contract, credentialHeaders, identityHeaderNames } from '@keywright/core'
import { setsOwnCookie } from '../http/own-cookies.ts'
import { connectionOptions, fold, hopByHop, remembering } from './header-names.ts'

/** Ours to say. An upstream's own would contradict them, or tell callers what only the upstream should know. */
const ours = [
  ...identityHeaderNames,
  'ratelimit',
  'ratelimit-policy',
  'api-key-status',
  'api-key-expires',
  'x-auth-status',
]

/** Some caches obey these before `Cache-Control`, and others a field whose name ends in it (RFC 9213 §2). */
const cacheOverrides = ['surrogate-control', 'edge-control', 'x-accel-expires']

export type FilterResponseHeaders = (headers: IncomingHttpHeaders, authenticated: boolean) => string[]

/**
 * What of an upstream's headers may reach the caller: name, value, name, value, …
 * An answer to an authenticated request is for that caller alone: no shared cache may keep it (RFC 9111 §3.5), and
 * every other cache has to tell callers apart by their credential headers.
 */
export function compileResponseFilter(contract: Contract): FilterResponseHeaders {
  const { limitHeaders } = contract
  const limits =
    typeof limitHeaders === 'string' ? [] : [limitHeaders.limit, limitHeaders.remaining, limitHeaders.reset]
  const dropped = new Set([...hopByHop, ...ours, ...limits, ...Object.keys(contract.identityHeaders)].map(fold))
  const varying = credentialHeaders(contract)
  const varyAlone = varying.join(', ')

  const fateOf = remembering((name): 'kept' | 'dropped' | 'length' | 'cookies' | 'caching' | 'vary' | 'override' => {
    const folded = fold(name)
    if (dropped.has(folded)) return 'dropped'
    if (folded === 'content-length') return 'length'
    if (folded === 'set-cookie') return 'cookies'
    if (folded === 'cache-control') return 'caching'
    if (folded === 'vary') return 'vary'
    return cacheOverrides.includes(folded) || folded.endsWith('-cache-control') ? 'override' : 'kept'
  })

  return (headers, authenticated) => {
    const kept: string[] = []
    const { connection } = headers
    const named = connection === undefined ? null : connectionOptions(String(connection))
    let length = ''
    let caching = ''
    let vary = ''
    for (const name in headers) {
      const value = headers[name] as string | string[]
      const fate = fateOf(name)
      if (fate === 'dropped' || named?.has(fold(name))) continue
      if (fate === 'length') {
        length = String(value)
      } else if (fate === 'cookies') {
        for (const cookie of [value].flat()) if (!setsOwnCookie(cookie)) kept.push(name, cookie)
      } else if (fate === 'kept' || !authenticated) {
        if (typeof value === 'string') kept.push(name, value)
        else for (const each of value) kept.push(name, each)
      } else if (fate === 'caching') {
        caching = String(value)
      } else if (fate === 'vary') {
        vary = String(value)
      }
    }
    if (authenticated) kept.push('Cache-Control', caching === '' ? 'private' : privately(caching))
    if (authenticated && varyAlone !== '') kept.push('Vary', vary === '' ? varyAlone : union(vary, varying))
    // Last: Node spoils a `Content-Disposition` with a raw file name that comes behind it, or refuses to write it.
    if (length !== '') kept.push('Content-Length', length)
    return kept
  }
}

/** Without what lets a shared cache keep it (RFC 9111 §5.2.2). */
function privately(value: string): string {
  const directives = value.split(',').map((directive) => directive.trim())
  const kept = directives.filter((directive) => !/^(?:public|s-maxage(?:=.*)?)$/i.test(directive) && directive !== '')
  if (!kept.some((directive) => /^(?:private|no-store)$/i.test(directive))) kept.unshift('private')
  return kept.join(', ')
}

function union(vary: string, names: readonly string[]): string {
  const present = vary.split(',').map((name) => name.trim().toLowerCase())
  if (present.includes('*')) return vary
  return [vary, ...names.filter((name) => !present.includes(name.toLowerCase()))].join(', ')
}
