/** Every header that tells an upstream who calls. A caller's own copies of these never reach it. */
export const identityHeaderNames = [
  'X-Key-Id',
  'X-Organization-Id',
  'X-Project-Id',
  'X-User-Id',
  'X-Permissions',
  'X-Namespaces',
  'X-Triggered-By',
  'X-Request-Id',
] as const

/** What a contract's own headers can tell beside: `{organization}`. */
export const identityFacts = ['organization', 'project', 'key', 'user'] as const
