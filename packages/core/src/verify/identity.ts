import type { Contract } from '../contract/contract.ts'
import type { Principal } from './outcome.ts'

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

const placeholder = /\{(organization|project|key|user)\}/g

/** Name, value, name, value, …: those that apply, then the contract's own. A contract's header with nothing to say is left out. */
export function compileIdentityHeaders(contract: Contract): (principal: Principal) => string[] {
  const own = Object.entries(contract.identityHeaders)
  return (principal) => {
    const { key, organization, project, user, permissions, namespaces } = principal
    const headers = ['X-Key-Id', key, 'X-Organization-Id', organization, 'X-Triggered-By', 'api']
    if (project !== null) headers.push('X-Project-Id', project)
    if (user !== null) headers.push('X-User-Id', user)
    if (permissions !== null) headers.push('X-Permissions', permissions.join(' '))
    if (namespaces !== null) headers.push('X-Namespaces', namespaces.join(' '))
    for (const [name, template] of own) {
      const value = template.replace(
        placeholder,
        (_, fact: 'organization' | 'project' | 'key' | 'user') => principal[fact] ?? '',
      )
      if (value !== '') headers.push(name, value)
    }
    return headers
  }
}
