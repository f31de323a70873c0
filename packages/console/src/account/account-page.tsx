import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { queries, viewerQuery } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Facts, Loading, Page } from '../parts/page.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { shownAddress } from '../people/address.ts'
import { browserName } from './browser-name.ts'
import { Linked } from './linked.tsx'
import { Passkeys } from './passkeys.tsx'
import { Password } from './password.tsx'
import { SecondFactor } from './second-factor.tsx'
import { Terminals } from './terminals.tsx'

export function AccountPage() {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const email = shownAddress(viewer?.email)
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => keywright.signIn.sessions({ signal }),
  })
  const end = useAction(async (session: string) => {
    await keywright.signIn.endSession(session)
    await queries.invalidateQueries({ queryKey: ['sessions'] })
  })
  return (
    <Page title="Account" description="Who you are here, and where you are signed in.">
      <div className="space-y-5">
        <Card title="You">
          <Facts
            facts={[
              [
                'Name',
                <Foreign key="name" className="whitespace-normal">
                  {viewer?.name ?? ''}
                </Foreign>,
              ],
              ...(email === ''
                ? []
                : [
                    [
                      'E-mail',
                      <Foreign key="email" className="whitespace-normal">
                        {email}
                      </Foreign>,
                    ] as const,
                  ]),
              ...(viewer?.isOperator ? [['Operator', 'You run this instance'] as const] : []),
            ]}
          />
        </Card>
        {email !== '' && (
          <>
            <SecondFactor />
            <Passkeys />
            <Password />
            <Linked />
          </>
        )}
        <Card title="Where you are signed in">
          {(error ?? end.error) !== null && (
            <div className="p-5">
              <ErrorNotice error={error ?? end.error} {...(error && { onRetry: () => refetch() })} />
            </div>
          )}
          {isPending && <Loading label="Loading your sessions" />}
          <ul className="divide-y empty:hidden">
            {data?.sessions.map((session) => (
              <li key={session.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
                <span className="flex min-w-0 flex-1 basis-64 flex-col">
                  <Foreign>{browserName(session.userAgent)}</Foreign>
                  <span className="text-muted">
                    {session.address !== null && (
                      <>
                        <Mono>{session.address}</Mono> ·{' '}
                      </>
                    )}
                    began <When time={session.createdAt} />, ends <When time={session.expiresAt} />
                  </span>
                </span>
                {session.current ? (
                  <Badge tone="good">This one</Badge>
                ) : (
                  <Button isBusy={end.isBusy} onClick={() => end.run(session.id)}>
                    Sign out there<span className="sr-only"> ({browserName(session.userAgent)})</span>
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </Card>
        {email !== '' && <Terminals />}
      </div>
    </Page>
  )
}
