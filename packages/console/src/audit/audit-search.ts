const inAddress = ['action', 'triggeredBy', 'actor', 'from', 'to'] as const

/** All but the key: what is typed there may be a whole one. */
export type AuditSearch = Partial<Record<(typeof inAddress)[number], string>>

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  return Object.fromEntries(
    inAddress.flatMap((name) => (typeof search[name] === 'string' && search[name] ? [[name, search[name]]] : [])),
  )
}
