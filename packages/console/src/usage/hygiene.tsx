import type { Key } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { keywright } from '../api/keywright.ts'
import { expiresSoon } from '../keys/expiry.ts'
import { Badge } from '../parts/badge.tsx'
import { Card } from '../parts/page.tsx'
import { Foreign } from '../parts/text.tsx'

const dayMs = 86_400_000
const idleDays = 90
const mostShown = 10

/** Keys that are worth a look, of the first 200 that are active. */
export function Hygiene({ organization }: { organization: string }) {
  const { data } = useQuery({
    queryKey: ['keys', 'hygiene', organization],
    queryFn: ({ signal }) => keywright.keys.list({ organization, state: 'active', limit: 200 }, { signal }).page(),
  })
  const findings = (data?.keys ?? []).flatMap((key) => {
    const found = findingsOf(key)
    return found.length > 0 ? [{ key, found }] : []
  })
  if (!data || data.keys.length === 0) return null
  return (
    <Card title="Worth a look">
      {findings.length === 0 ? (
        <p className="flex items-center gap-3 px-5 py-4 text-muted">
          <CircleCheck size={16} aria-hidden className="text-good" />
          Every active key is in use and expires.
        </p>
      ) : (
        <ul className="divide-y">
          {findings.slice(0, mostShown).map(({ key, found }) => (
            <li key={key.id} className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-5 py-3">
              <Link
                to="/$organization/keys/$key"
                params={{ organization, key: key.id }}
                className="flex min-w-0 flex-1 basis-40 font-medium underline-offset-4 hover:underline"
              >
                <Foreign>{key.name}</Foreign>
              </Link>
              {found.map((finding) => (
                <Badge key={finding} tone="warn">
                  {finding}
                </Badge>
              ))}
            </li>
          ))}
          {findings.length > mostShown && (
            <li className="px-5 py-3 text-muted">and {findings.length - mostShown} more</li>
          )}
        </ul>
      )}
    </Card>
  )
}

function findingsOf(key: Key): string[] {
  const findings: string[] = []
  const ageDays = (Date.now() - Date.parse(key.createdAt)) / dayMs
  const idle = key.lastUsedAt === null ? null : (Date.now() - Date.parse(key.lastUsedAt)) / dayMs
  if (idle === null && ageDays >= 1) findings.push('never used')
  if (idle !== null && idle >= idleDays) findings.push(`idle for ${Math.trunc(idle)} days`)
  if (key.expiresAt === null) findings.push('no expiry')
  if (expiresSoon(key)) findings.push('expires soon')
  return findings
}
