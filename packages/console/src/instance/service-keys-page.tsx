import type { ServiceKey } from '@keywright/client'
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Boxes, Plus } from 'lucide-react'
import { useState } from 'react'
import { pageSize } from '../api/full-page.ts'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { LoadMore } from '../parts/load-more.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Cell, extra, NameCell, Row, Table, Under } from '../parts/table.tsx'
import { Foreign, Mono, visible } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { CreateServiceKey } from './create-service-key.tsx'

export function ServiceKeysPage() {
  const [isCreating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<ServiceKey | null>(null)
  const list = useInfiniteQuery({
    queryKey: ['service-keys'],
    queryFn: ({ pageParam }) => keywright.serviceKeys.list({ cursor: pageParam, limit: pageSize }).page(),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  const keys = list.data?.pages.flatMap((page) => page.serviceKeys) ?? []
  const create = (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create service key
    </Button>
  )
  return (
    <Page
      title="Service keys"
      description="For machines that call the management API. They open nothing at the API itself, and API keys open nothing here."
      actions={create}
    >
      {isCreating && <CreateServiceKey onClose={() => setCreating(false)} />}
      {revoking && <RevokeServiceKey of={revoking} onClose={() => setRevoking(null)} />}
      <Card>
        {list.error && !list.isFetchNextPageError && (
          <div className="p-5">
            <ErrorNotice error={list.error} onRetry={() => list.refetch()} />
          </div>
        )}
        {list.isPending && <Loading label="Loading the service keys" />}
        {list.data && keys.length === 0 && (
          <Empty icon={<Boxes size={20} aria-hidden />} title="No service keys yet" action={create}>
            Create one for each program that issues keys, verifies them or reads metrics.
          </Empty>
        )}
        {keys.length > 0 && (
          <Table
            label="Service keys"
            columns={['Name', extra('Key'), 'May', extra('For'), extra('Created', 'wide'), '(Actions)']}
          >
            {keys.map((key) => (
              <Row key={key.id}>
                <NameCell className="max-w-26 sm:max-w-64 md:min-w-36">
                  <span className="flex font-medium">
                    <Foreign>{key.name}</Foreign>
                  </span>
                  <Under>
                    <Mono>{key.hint}</Mono>
                    {key.organization !== null && (
                      <span>
                        for <Mono className="wrap-anywhere">{key.organization}</Mono>
                      </span>
                    )}
                  </Under>
                </NameCell>
                <Cell isExtra className="whitespace-nowrap">
                  <Mono>{key.hint}</Mono>
                </Cell>
                <Cell className="lg:whitespace-nowrap">
                  {key.permissions.map((one) => (one === '*' ? 'everything' : one)).join(', ')}
                </Cell>
                <Cell isExtra className="min-w-28 xl:whitespace-nowrap">
                  {key.organization === null ? (
                    'the instance'
                  ) : (
                    <Mono className="wrap-anywhere">{key.organization}</Mono>
                  )}
                </Cell>
                <Cell isExtra="wide" className="whitespace-nowrap text-muted">
                  <When time={key.createdAt} />
                </Cell>
                <Cell className="text-right">
                  {key.revokedAt === null ? (
                    <Button look="ghost" onClick={() => setRevoking(key)}>
                      Revoke<span className="sr-only"> {key.name}</span>
                    </Button>
                  ) : (
                    <Badge tone="bad">Revoked</Badge>
                  )}
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

function RevokeServiceKey({ of: key, onClose }: { of: ServiceKey; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const revoke = useAction(async () => {
    await keywright.serviceKeys.revoke(key.id)
    await queries.invalidateQueries({ queryKey: ['service-keys'] })
    onClose()
  })
  return (
    <ConfirmDialog
      {...{ error: revoke.error, isBusy: revoke.isBusy, onClose }}
      title={`Revoke “${visible(key.name)}”`}
      action="Revoke for good"
      isDangerous
      onSubmit={() => revoke.run(undefined)}
    >
      <p>
        Whatever uses <Mono>{key.hint}</Mono> is refused at once
        {contract.revocation.withinSeconds > 0 && ' here, and within a few seconds on every other node'}. There is no
        way back.
      </p>
    </ConfirmDialog>
  )
}
