import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { ShieldAlert, ShieldCheck } from 'lucide-react'
import { keywright } from '../api/keywright.ts'
import { viewerQuery } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { checkChain } from './chain.ts'

const newest = 200

/** Whether the newest entries are what was written, computed here and not taken from the server. */
export function ChainBadge({ organization }: { organization: string }) {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  // Who runs the instance sees every entry, and so every link; others see those between entries of their own.
  const scope = viewer?.isOperator ? {} : { organization }
  const { data } = useQuery({
    queryKey: ['audit', 'chain', scope],
    async queryFn({ signal }) {
      const { events } = await keywright.audit.list({ ...scope, limit: newest }, { signal }).page()
      return checkChain(events)
    },
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
  const of = data.apart > 1 ? ` of ${data.checked + data.apart}` : ''
  return (
    <Badge tone="good">
      <ShieldCheck size={13} aria-hidden />
      Chain verified: newest {data.checked}
      {of} entries
    </Badge>
  )
}
