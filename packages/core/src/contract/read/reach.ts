import { isSlug, namespacesProblem } from '../../key/namespace.ts'
import { grants, permissionProblem } from '../../key/permission.ts'
import type { NamespaceRule, PermissionRule } from '../contract.ts'
import { parsePattern } from '../route-pattern.ts'
import { described, type Fields } from './fields.ts'

export function readPermissions(contract: Fields): PermissionRule {
  const fields = contract.fields('permissions')
  const offered = fields.textRecord('offered')
  for (const permission of Object.keys(offered)) {
    const problem = permissionProblem(permission)
    if (problem !== null) fields.report('offered', `${described(permission)}: ${clause(problem)}`)
  }
  const byMakersRole = (fields.take('byMakersRole') ?? null) === null ? null : readRoles(fields, Object.keys(offered))
  fields.close()
  return { offered, byMakersRole }
}

function readRoles(parent: Fields, offered: readonly string[]): PermissionRule['byMakersRole'] {
  const fields = parent.fields('byMakersRole')
  const rolePermissions = (role: string) =>
    fields.texts(role, (permission) => {
      const problem = permissionProblem(permission)
      if (problem !== null) return clause(problem)
      return isOffered(permission, offered) ? null : `${permission} is not among permissions.offered`
    })
  const roles = { owner: rolePermissions('owner'), admin: rolePermissions('admin'), member: rolePermissions('member') }
  fields.close()
  return roles
}

/** Whether what is offered and this have anything in common. */
export function isOffered(permission: string, offered: readonly string[]): boolean {
  return offered.length === 0 || offered.some((one) => grants([one], permission) || grants([permission], one))
}

export function readNamespaces(contract: Fields): NamespaceRule | null {
  if ((contract.take('namespaces') ?? null) === null) return null
  const fields = contract.fields('namespaces')
  const defaults = fields.take('default') === undefined ? ['default'] : fields.texts('default', slugProblem)
  const problem = namespacesProblem(defaults)
  if (problem !== null) fields.report('default', clause(problem))
  const body = (fields.take('body') ?? null) === null ? null : readInBody(fields)
  fields.close()
  return { default: defaults, body }
}

function readInBody(parent: Fields): NamespaceRule['body'] {
  const fields = parent.fields('body')
  const body = {
    under: fields.text('under', { check: underProblem }),
    member: fields.text('member', { fallback: 'namespace', check: memberProblem }),
    whenAbsent: fields.text('whenAbsent', { fallback: 'default', check: slugProblem }),
    maxBytes: fields.integer('maxBytes', { least: 1024, most: 16 * 1024 * 1024, fallback: 1024 * 1024 }),
  }
  fields.close()
  return body
}

function underProblem(path: string): string | null {
  const pattern = parsePattern(path)
  if (typeof pattern === 'string') return pattern
  const fixed = path !== '/' && !pattern.below && pattern.segments.every((segment) => 'literal' in segment)
  return fixed ? null : 'a path of literal segments is needed; everything below it counts'
}

function memberProblem(name: string): string | null {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(name) ? null : `${described(name)}; letters, digits, - and _ are needed`
}

function slugProblem(name: string): string | null {
  return isSlug(name) ? null : `${described(name)}; [a-z0-9][a-z0-9_-]{0,62} is needed`
}

/** A sentence as the end of another. */
export function clause(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}
