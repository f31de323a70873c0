import { useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { readAll } from '../api/read-all.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { NotAll } from '../parts/not-all.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { Foreign } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { useRole } from '../shell/place.ts'
import { capitalized } from '../shell/words.ts'
import { noAddress, shownAddress } from './address.ts'
import { governs } from './roles.ts'

/** Those that can still be taken up. */
export function Invitations({ organization }: { organization: string }) {
  const own = useRole(organization)
  const { data, error, refetch } = useQuery({
    queryKey: ['invitations', organization],
    queryFn: ({ signal }) => readAll(keywright.members.invitations(organization, { limit: 200 }, { signal })),
  })
  const withdraw = useAction(async (invitation: string) => {
    await keywright.members.revokeInvitation(organization, invitation)
    await queries.invalidateQueries({ queryKey: ['invitations', organization] })
  })
  const open = (data?.items ?? []).filter(
    ({ acceptedAt, revokedAt, expiresAt }) => !acceptedAt && !revokedAt && Date.parse(expiresAt) > Date.now(),
  )
  if (open.length === 0 && !error && data?.isAll !== false) return null
  return (
    <Card title="Invited">
      {(error ?? withdraw.error) !== null && (
        <div className="p-5">
          <ErrorNotice error={error ?? withdraw.error} {...(error && { onRetry: () => refetch() })} />
        </div>
      )}
      <ul className="divide-y empty:hidden">
        {open.map(({ id, email, role, expiresAt }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-5 py-3">
            <Foreign className="flex-1 basis-48">{whomOf(email)}</Foreign>
            <Badge>{capitalized(role)}</Badge>
            <span className="text-muted">
              ends <When time={expiresAt} />
            </span>
            {governs(own, role) && (
              <Button look="ghost" className="max-sm:ml-auto" isBusy={withdraw.isBusy} onClick={() => withdraw.run(id)}>
                Withdraw<span className="sr-only"> the invitation of {whomOf(email)}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {data?.isAll === false && <NotAll noun="invitation" />}
    </Card>
  )
}

function whomOf(email: string | null): string {
  return email === null ? 'whoever has the link' : shownAddress(email) || noAddress
}
