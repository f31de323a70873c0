import { useQuery } from '@tanstack/react-query'
import { CircleCheck, LoaderCircle } from 'lucide-react'
import { keywright } from '../api/keywright.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { Mono } from '../parts/text.tsx'
import { exactly } from '../parts/time-words.ts'

/** Node by node, until none may accept the key any more. */
export function ReceiptProgress({ receipt }: { receipt: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['receipt', receipt],
    queryFn: ({ signal }) => keywright.receipts.get(receipt, { signal }),
    refetchInterval: ({ state }) => (state.data?.complete === false ? 500 : false),
  })
  if (error && !data) return <ErrorNotice error={error} onRetry={() => refetch()} />
  const isComplete = data?.complete === true
  const Icon = isComplete ? CircleCheck : LoaderCircle
  return (
    <div className="space-y-4">
      <p role="status" className="flex items-center gap-3">
        <Icon size={20} aria-hidden className={isComplete ? 'text-good' : 'animate-spin text-muted'} />
        {isComplete ? 'No node accepts it any more.' : 'Waiting for every node to say so…'}
      </p>
      {data && (
        <ul className="divide-y rounded-lg border">
          {data.appliedBy.map(({ node, appliedAt }) => (
            <li key={node} className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
              <Mono className="break-all">{node}</Mono>
              <span className="text-muted">{exactly(appliedAt)}</span>
            </li>
          ))}
          {data.pending.map((node) => (
            <li key={node} className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
              <Mono className="break-all">{node}</Mono>
              <span className="text-warn">not yet</span>
            </li>
          ))}
        </ul>
      )}
      <p className="text-muted">
        Receipt <Mono>{receipt}</Mono>
      </p>
    </div>
  )
}
