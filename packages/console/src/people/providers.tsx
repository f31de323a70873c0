import { useMutation, useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'

/** Accounts elsewhere that are good here: the browser goes there, and comes back signed in. */
export function Providers({
  to,
  invitation,
  link = false,
  verb = 'Continue with',
}: {
  to: string
  invitation?: string
  link?: boolean
  verb?: string
}) {
  const { data } = useQuery({
    queryKey: ['providers'],
    queryFn: ({ signal }) => keywright.signIn.providers({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const start = useMutation({
    mutationFn: (provider: string) =>
      keywright.signIn.startProvider({ provider, to, link, ...(invitation !== undefined && { invitation }) }),
    onSuccess: ({ location: there }) => location.assign(there),
  })
  if (!data || data.providers.length === 0) return null
  return (
    <div className="space-y-3">
      {start.error && <ErrorNotice error={start.error} />}
      {data.providers.map(({ id, name }) => (
        <Button key={id} className="w-full" isBusy={start.isPending} onClick={() => start.mutate(id)}>
          {verb} {name}
        </Button>
      ))}
    </div>
  )
}
