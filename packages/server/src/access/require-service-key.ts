import type { IncomingMessage } from 'node:http'
import { type ServicePermission, soleHeader } from '@keywright/core'
import { Problem } from '../control/problem.ts'
import { readBearer } from './bearer.ts'
import { challenge, refusalOf } from './caller.ts'
import type { ServiceKeys, ServicePrincipal } from './service-keys.ts'

const serviceKeysAlone =
  'The request has no Authorization header with the scheme Bearer. Send a service key in it: no session is taken here.'

/** For routes that take their requests as Node hands them over. @throws Problem */
export function requireServiceKey(
  { rawHeaders }: IncomingMessage,
  authenticate: ServiceKeys['authenticate'],
  permission: ServicePermission,
): ServicePrincipal | Promise<ServicePrincipal> {
  const authorization = soleHeader(rawHeaders, 'authorization')
  if (authorization === undefined) throw refusalOf('repeated')
  const bearer = readBearer(authorization)
  if ('problem' in bearer) throw refusalOf(bearer.problem, serviceKeysAlone)
  const found = authenticate(bearer.token)
  return found instanceof Promise
    ? found.then((principal) => permitted(principal, permission))
    : permitted(found, permission)
}

function permitted(principal: ServicePrincipal | null, permission: ServicePermission): ServicePrincipal {
  if (principal === null) throw challenge('invalid_credential')
  const { permissions } = principal
  if (!permissions.includes('*') && !permissions.includes(permission)) {
    throw new Problem('permission_missing', `This needs a service key with the permission '${permission}'.`)
  }
  return principal
}
