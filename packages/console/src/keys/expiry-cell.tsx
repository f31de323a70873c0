import type { Key } from '@keywright/client'
import { Badge } from '../parts/badge.tsx'
import { When } from '../parts/time.tsx'
import { exactly } from '../parts/time-words.ts'
import { expiresSoon } from './expiry.ts'

/** Where it is near, also when exactly: a finger cannot hover. On paper it is said once, as every time is. */
export function ExpiryInFull({ of: key }: { of: Key }) {
  return (
    <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
      <Expiry of={key} />
      {key.expiresAt !== null && expiresSoon(key) && (
        <span className="text-muted print:hidden">{exactly(key.expiresAt)}</span>
      )}
    </span>
  )
}

export function Expiry({ of: key }: { of: Pick<Key, 'expiresAt' | 'state'> }) {
  if (key.expiresAt === null) return 'Never'
  if (key.state === 'revoked') return 'Revoked first'
  if (!expiresSoon(key)) return <When time={key.expiresAt} />
  return (
    <Badge tone="warn">
      <When time={key.expiresAt} />
    </Badge>
  )
}
