import type { Key, KeyCaller } from '@keywright/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { every } from '../api/queries.ts'
import { LoadMore } from '../parts/load-more.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Loading } from '../parts/page.tsx'
import { Cell, extra, Row, Table, Under } from '../parts/table.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'

export function Callers({ of: key }: { of: Key }) {
  const list = useInfiniteQuery({
    queryKey: ['callers', key.id],
    queryFn: ({ pageParam, signal }) =>
      keywright.keys.callers(key.id, { cursor: pageParam, limit: 20 }, { signal }).page(),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: every(15_000),
  })
  const { data, error, isPending, isFetchNextPageError, refetch } = list
  const callers = data?.pages.flatMap((page) => page.callers) ?? []
  return (
    <Card title="Who uses it">
      {error && !isFetchNextPageError && (
        <div className="p-5">
          <ErrorNotice error={error} onRetry={() => refetch()} />
        </div>
      )}
      {isPending && <Loading label="Loading who uses it" />}
      {data && callers.length === 0 && (
        <p className="px-5 py-6 text-muted">Nobody yet. Requests show up here within seconds.</p>
      )}
      {callers.length > 0 && <CallerTable callers={callers} />}
      <LoadMore of={list} />
    </Card>
  )
}

const number = new Intl.NumberFormat()

export function CallerTable({ callers }: { callers: readonly KeyCaller[] }) {
  return (
    <Table
      label="Callers"
      columns={['From', extra('Program'), extra('Route'), 'Allowed', 'Refused', extra('Last seen')]}
    >
      {callers.map((caller) => (
        <Row key={`${caller.version} ${caller.route} ${caller.address} ${caller.userAgent}`}>
          <Cell className="max-w-40 min-w-36">
            {caller.address === null ? 'unknown' : <Mono className="block wrap-anywhere">{caller.address}</Mono>}
            <Under>
              {caller.userAgent !== null && <Foreign>{caller.userAgent}</Foreign>}
              <Mono className="wrap-anywhere">{caller.route || 'no route told'}</Mono>
              <When time={caller.lastSeenAt} />
            </Under>
          </Cell>
          <Cell isExtra className="max-w-56">
            <span className="flex">
              {caller.userAgent === null ? 'not named' : <Foreign>{caller.userAgent}</Foreign>}
            </span>
          </Cell>
          <Cell isExtra className="max-w-40 wrap-anywhere xl:max-w-48">
            <Mono>{caller.route || 'none told'}</Mono>
          </Cell>
          <Cell className="tabular-nums">{number.format(caller.allowed)}</Cell>
          <Cell className={`tabular-nums ${caller.refused > 0 ? 'text-bad' : ''}`}>
            {number.format(caller.refused)}
          </Cell>
          <Cell isExtra className="whitespace-nowrap text-muted">
            <When time={caller.lastSeenAt} />
          </Cell>
        </Row>
      ))}
    </Table>
  )
}
