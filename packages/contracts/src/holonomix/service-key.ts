import { type Actor, CredentialText, compileExtractor, rowOf } from '@keywright/core'
import type { EdgeRequest, RouteDeps } from '../routes/edge-routes.ts'
import { Refused } from '../routes/refused.ts'

const bearerOf = compileExtractor(
  { sources: [{ header: 'Authorization', scheme: 'Bearer' }], whenSeveral: 'first' },
  () => '',
)

/** Who calls `/gate/*`: whoever holds a service key for the whole instance. @throws Refused */
export async function serviceActor(
  { lifecycle: { format }, authenticateServiceKey }: RouteDeps,
  { attempt, requestId }: EdgeRequest,
): Promise<Actor> {
  const presented = new CredentialText()
  const unusable = bearerOf(attempt.headers, undefined, presented)
  if (unusable !== null) {
    const row = rowOf[unusable.reason]
    throw row === 'missing_credential'
      ? new Refused(row, 'Missing service key. Send it as Authorization: Bearer.')
      : invalid()
  }
  const credential = presented.toString()
  // A tenant's key is told by its form, and tried as nothing else.
  if (!/^[\x21-\x7e]{1,512}$/.test(credential) || format.parse(credential) >= 0) throw invalid()
  const holder = await authenticateServiceKey(credential)
  if (holder === null) throw invalid()
  const { id, permissions, organization } = holder
  if (organization !== null || !(permissions.includes('*') || permissions.includes('manage'))) {
    throw new Refused('forbidden', 'This service key may not manage all tenants.')
  }
  return { type: 'service_key', id, triggeredBy: 'api', address: attempt.ip ?? null, requestId }
}

function invalid(): Refused {
  return new Refused('invalid_credential', 'Invalid service key')
}
