import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { ShieldAlert, ShieldCheck } from 'lucide-react'
import { keywright } from '../api/keywright.ts'
import { viewerQuery } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { counted } from '../shell/words.ts'
import { type ChainCheck, checkChain } from './chain.ts'

const newest = 200

/** Whether the newest entries are what was written, computed here and not taken from the server. */
export function ChainBadge({ organization }: { organization: string }) {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  // Who runs the instance sees every entry, and so every link; others see those between entries of their own.
  const scope = viewer?.isOperator ? {} : { organization }
  const { data } = useQuery({
    queryKey: ['audit', 'chain', scope],
    async queryFn({ signal }) {
      const { events, nextCursor } = await keywright.audit.list({ ...scope, limit: newest }, { signal }).page()
      return { ...(await checkChain(events)), isAll: nextCursor === null }
    },
    staleTime: 0,
    // Browsers offer digests only to pages that came over HTTPS or from this machine.
    enabled: window.isSecureContext,
  })
  if (!data || data.checked + data.apart === 0) return null
  if (data.broken !== null) {
    return (
      <Badge tone="bad">
        <ShieldAlert size={13} aria-hidden />
        Chain broken at entry {data.broken}: someone altered it. Run keywright audit verify
      </Badge>
    )
  }
  if (data.checked === 0) return null
  return (
    <Badge tone="good">
      <ShieldCheck size={13} aria-hidden />
      Chain verified: {extentOf(data)}
    </Badge>
  )
}

/** `all 57 entries`; `newest 199 entries`; `41 of the newest 200`, where entries of others lie between. */
function extentOf({ checked, apart, isAll }: ChainCheck & { isAll: boolean }): string {
  if (apart === 0 && isAll) return `all ${counted(checked, 'entry')}`
  if (apart > 1) return `${checked} of ${isAll ? 'all' : 'the newest'} ${checked + apart}`
  return `newest ${counted(checked, 'entry')}`
}
