import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorNotice } from '../parts/notice.tsx'
import { Told } from '../parts/pager.tsx'

/** What would go with something: counted by the server before anyone is asked whether to go on. */
export function WouldGo<Counts>({
  of: { data, error, refetch },
  children,
}: {
  of: UseQueryResult<Counts>
  children: (counts: Counts) => ReactNode
}) {
  return (
    <>
      {error && <ErrorNotice error={error} onRetry={() => refetch()} />}
      <Told>
        {data === undefined ? !error && <p className="text-muted">Counting what would go …</p> : children(data)}
      </Told>
    </>
  )
}
