import type { Account } from '@keywright/client'
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Ellipsis, Users } from 'lucide-react'
import { useState } from 'react'
import { pageSize } from '../api/full-page.ts'
import { keywright } from '../api/keywright.ts'
import { queries, viewerQuery, wouldGo } from '../api/queries.ts'
import { WouldGo } from '../deletion/would-go.tsx'
import { Badge } from '../parts/badge.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { CopyBox } from '../parts/copy-box.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { LoadMore } from '../parts/load-more.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Cell, extra, NameCell, Row, Table, Under } from '../parts/table.tsx'
import { Foreign, visible } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'
import { noAddress, shownAddress } from './address.ts'

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
        {list.error && !list.isFetchNextPageError && (
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
          <Table label="People" columns={['Name', extra('E-mail'), 'State', extra('Since'), '(Actions)']}>
            {people.map((person) => (
              <Row key={person.id}>
                <NameCell className="max-w-40 sm:max-w-64 sm:min-w-28">
                  <span className="flex font-medium">
                    <Foreign>{person.name}</Foreign>
                  </span>
                  <Under>
                    <Address of={person} />
                  </Under>
                </NameCell>
                <Cell isExtra className="max-w-64">
                  <span className="flex">
                    <Address of={person} />
                  </span>
                </Cell>
                <Cell>
                  <span className="flex flex-wrap gap-1.5">
                    {person.disabledAt === null ? (
                      <Badge tone="good">Active</Badge>
                    ) : (
                      <Badge tone="bad">Disabled</Badge>
                    )}
                    {person.operator && <Badge tone="info">Operator</Badge>}
                  </span>
                </Cell>
                <Cell isExtra className="whitespace-nowrap text-muted">
                  <When time={person.createdAt} />
                </Cell>
                <Cell className="w-px text-right">
                  <IconButton label={`Manage ${visible(person.name)}`} onClick={() => setManaging(person)}>
                    <Ellipsis size={16} aria-hidden />
                  </IconButton>
                </Cell>
              </Row>
            ))}
          </Table>
        )}
        <LoadMore of={list} />
      </Card>
    </Page>
  )
}

function Address({ of: { email } }: { of: Account }) {
  const address = shownAddress(email)
  return address === '' ? <span className="text-muted">{noAddress}</span> : <Foreign>{address}</Foreign>
}

function Manage({ of: person, onClose }: { of: Account; onClose: () => void }) {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const isOwn = person.id === viewer?.id
  const [isRemoving, setRemoving] = useState(false)
  const link = useAction(() => keywright.people.passwordLink(person.email))
  const act = useAction(async (what: 'disable' | 'enable' | 'forgetSecondFactor') => {
    await keywright.people[what](person.id)
    await queries.invalidateQueries()
    onClose()
  })
  const error = act.error ?? link.error
  const isBusy = act.isBusy || link.isBusy
  if (isRemoving) return <RemovePerson of={person} onClose={onClose} />
  return (
    <Dialog
      title={visible(person.name)}
      description={visible(shownAddress(person.email) || noAddress)}
      onClose={onClose}
      isHeld={isBusy}
    >
      <DialogBody>
        {error !== null && <ErrorNotice error={error} />}
        {link.result && (
          <div className="space-y-2">
            <p>Hand this over in a way that reaches nobody else. It works once, for ten minutes.</p>
            <CopyBox label="The link" text={link.result.link} action="Copy link" />
          </div>
        )}
        <div className="flex flex-wrap gap-2">
          {shownAddress(person.email) !== '' && (
            <Button isBusy={link.isBusy} onClick={() => link.run(undefined)}>
              Make a password link
            </Button>
          )}
          {person.secondFactor && (
            <Button isBusy={act.isBusy} onClick={() => act.run('forgetSecondFactor')}>
              Forget the second factor
            </Button>
          )}
          {person.disabledAt === null && !isOwn && (
            <Button isBusy={act.isBusy} onClick={() => act.run('disable')}>
              Disable
            </Button>
          )}
          {person.disabledAt !== null && (
            <Button isBusy={act.isBusy} onClick={() => act.run('enable')}>
              Enable
            </Button>
          )}
        </div>
      </DialogBody>
      <DialogActions>
        <Button disabled={isBusy} onClick={onClose}>
          Close
        </Button>
        {!isOwn && (
          <Button look="danger" disabled={isBusy} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )}
      </DialogActions>
    </Dialog>
  )
}

function RemovePerson({ of: person, onClose }: { of: Account; onClose: () => void }) {
  const removal = useQuery({
    queryKey: ['account-removal', person.id],
    queryFn: () => keywright.people.remove(person.id, { dryRun: true }),
    ...wouldGo,
  })
  const remove = useAction(async () => {
    await keywright.people.remove(person.id)
    await queries.invalidateQueries()
    onClose()
  })
  return (
    <ConfirmDialog
      title={`Remove ${visible(person.name)}`}
      description={visible(shownAddress(person.email) || noAddress)}
      action="Remove for good"
      isDangerous
      isIncomplete={!removal.data}
      isBusy={remove.isBusy}
      error={remove.error}
      onSubmit={() => remove.run(undefined)}
      onClose={onClose}
    >
      <WouldGo of={removal}>
        {({ organizations, keys, cliTokens, sessions }) => (
          <p>
            With the account go {counted(organizations, 'place')}, {counted(keys, 'key')},{' '}
            {counted(cliTokens, 'terminal')} and {counted(sessions, 'session')}. That is for good.
          </p>
        )}
      </WouldGo>
    </ConfirmDialog>
  )
}
