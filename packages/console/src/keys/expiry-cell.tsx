import type { Key } from '@keywright/client'
import { Badge } from '../parts/badge.tsx'
import { When } from '../parts/time.tsx'
import { expiresSoon } from './expiry.ts'

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
