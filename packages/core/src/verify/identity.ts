import type { Contract } from '../contract/contract.ts'
import { identityFacts } from '../contract/identity-headers.ts'
import type { Principal } from './outcome.ts'

const placeholder = new RegExp(`\\{(${identityFacts.join('|')})\\}`, 'g')

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
      const value = template.replace(placeholder, (_, fact: (typeof identityFacts)[number]) => principal[fact] ?? '')
      if (value !== '') headers.push(name, value)
    }
    return headers
  }
}
