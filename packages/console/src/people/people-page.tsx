import type { Account } from '@keywright/client'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Users } from 'lucide-react'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { pageSize, queries } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Cell, Row, Table } from '../parts/table.tsx'
import { Foreign } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'

/** Everyone with an account, for whoever runs the instance. */
export function PeoplePage() {
  const [managing, setManaging] = useState<Account | null>(null)
  const list = useInfiniteQuery({
    queryKey: ['people'],
    queryFn: ({ pageParam }) => keywright.people.list({ cursor: pageParam, limit: pageSize }).page(),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  const people = list.data?.pages.flatMap((page) => page.people) ?? []
  return (
    <Page title="People" description="Everyone who has an account on this instance.">
      {managing && <Manage of={managing} onClose={() => setManaging(null)} />}
      <Card>
        {list.error && (
          <div className="p-5">
            <ErrorNotice error={list.error} onRetry={() => list.refetch()} />
          </div>
        )}
        {list.isPending && <Loading label="Loading the accounts" />}
        {list.data && people.length === 0 && (
          <Empty icon={<Users size={20} aria-hidden />} title="Nobody yet">
            People come by invitation.
          </Empty>
        )}
        {people.length > 0 && (
          <Table label="People" columns={['Name', 'E-mail', 'State', 'Since', '(Actions)']}>
            {people.map((person) => (
              <Row key={person.id}>
                <Cell className="max-w-64 min-w-32">
                  <Foreign>{person.name}</Foreign>
                </Cell>
                <Cell>
                  <Foreign>{person.email}</Foreign>
                </Cell>
                <Cell className="whitespace-nowrap">
                  {person.disabledAt !== null ? (
                    <Badge tone="bad">Disabled</Badge>
                  ) : person.operator ? (
                    'operator'
                  ) : (
                    'active'
                  )}
                </Cell>
                <Cell className="whitespace-nowrap text-muted">
                  <When time={person.createdAt} />
                </Cell>
                <Cell className="text-right">
                  <Button look="ghost" onClick={() => setManaging(person)}>
                    Manage<span className="sr-only"> {person.name}</span>
                  </Button>
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Card>
      {list.hasNextPage && (
        <Button className="mt-4" isBusy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          Load more
        </Button>
      )}
    </Page>
  )
}

function Manage({ of: person, onClose }: { of: Account; onClose: () => void }) {
  const [isRemoving, setRemoving] = useState(false)
  const link = useAction(() => keywright.people.passwordLink(person.email))
  const act = useAction(async (what: 'disable' | 'enable' | 'forgetSecondFactor' | 'remove') => {
    await keywright.people[what](person.id)
    await queries.invalidateQueries()
    onClose()
  })
  const removal = useQuery({
    queryKey: ['account-removal', person.id],
    queryFn: () => keywright.people.remove(person.id, { dryRun: true }),
    enabled: isRemoving,
    staleTime: 0,
    gcTime: 0,
  })
  const error = act.error ?? link.error ?? removal.error
  return (
    <Dialog title={person.name} description={person.email} onClose={onClose} isHeld={act.isBusy}>
      <DialogBody>
        {error !== null && <ErrorNotice error={error} />}
        {link.result && (
          <div className="space-y-2">
            <p>Hand this over in a way that reaches nobody else. It works once, for ten minutes.</p>
            <output
              aria-label="The link"
              className="block rounded-lg border bg-raised px-3 py-2 font-mono break-all select-all"
            >
              {link.result.link}
            </output>
            <CopyButton text={link.result.link} label="Copy link" />
          </div>
        )}
        {isRemoving && removal.data && (
          <p>
            With the account go {counted(removal.data.organizations, 'place')}, {counted(removal.data.keys, 'key')},{' '}
            {counted(removal.data.cliTokens, 'terminal')} and {counted(removal.data.sessions, 'session')}. That is for
            good.
          </p>
        )}
        {!isRemoving && (
          <div className="flex flex-wrap gap-2">
            <Button isBusy={link.isBusy} onClick={() => link.run(undefined)}>
              Make a password link
            </Button>
            {person.secondFactor && (
              <Button isBusy={act.isBusy} onClick={() => act.run('forgetSecondFactor')}>
                Forget the second factor
              </Button>
            )}
            {person.disabledAt === null ? (
              <Button isBusy={act.isBusy} onClick={() => act.run('disable')}>
                Disable
              </Button>
            ) : (
              <Button isBusy={act.isBusy} onClick={() => act.run('enable')}>
                Enable
              </Button>
            )}
          </div>
        )}
      </DialogBody>
      <DialogActions>
        <Button onClick={onClose}>{isRemoving ? 'Cancel' : 'Close'}</Button>
        {isRemoving ? (
          <Button look="danger" disabled={!removal.data} isBusy={act.isBusy} onClick={() => act.run('remove')}>
            Remove for good
          </Button>
        ) : (
          <Button look="danger" onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )}
      </DialogActions>
    </Dialog>
  )
}
