import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: ({ signal }) => keywright.signIn.providers({ signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Accounts elsewhere that are good here: the browser goes there, and comes back signed in. */
export function Providers({ to, invitation }: { to: string; invitation?: string }) {
  const { data } = useQuery(providersQuery)
  const start = useMutation({
    mutationFn: (provider: string) =>
      keywright.signIn.startProvider({ provider, to, ...(invitation !== undefined && { invitation }) }),
    onSuccess: ({ location: there }) => location.assign(there),
  })
  if (!data || data.providers.length === 0) return null
  return (
    <div className="space-y-3">
      {start.error && <ErrorNotice error={start.error} />}
      {data.providers.map(({ id, name }) => (
        <Button key={id} className="w-full" isBusy={start.isPending} onClick={() => start.mutate(id)}>
          <span className="min-w-0 truncate">Continue with {name}</span>
        </Button>
      ))}
    </div>
  )
}
