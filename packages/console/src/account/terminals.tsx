import { useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { readAll } from '../api/read-all.ts'
import { Button } from '../parts/button.tsx'
import { NotAll } from '../parts/not-all.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'

/** Logins of the command line that still hold. */
export function Terminals() {
  const { data, error, refetch } = useQuery({
    queryKey: ['cli-tokens'],
    queryFn: ({ signal }) => readAll(keywright.cliTokens.list({ limit: 200 }, { signal })),
  })
  const end = useAction(async (token: string) => {
    await keywright.cliTokens.revoke(token)
    await queries.invalidateQueries({ queryKey: ['cli-tokens'] })
  })
  const tokens = (data?.items ?? []).filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && Date.parse(expiresAt) > Date.now(),
  )
  return (
    <Card title="Terminals that are logged in">
      {(error ?? end.error) !== null && (
        <div className="p-5">
          <ErrorNotice error={error ?? end.error} {...(error && { onRetry: () => refetch() })} />
        </div>
      )}
      {data?.isAll && tokens.length === 0 && (
        <p className="px-5 py-4 text-muted">
          None. <Mono>keywright login</Mono> in a terminal adds one.
        </p>
      )}
      <ul className="divide-y empty:hidden">
        {tokens.map(({ id, name, hint, lastUsedAt, expiresAt }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
            <span className="flex min-w-0 flex-1 basis-64 flex-col">
              <Foreign>{name}</Foreign>
              <span className="text-muted">
                <Mono>{hint}</Mono> · {lastUsedAt === null ? 'never used' : <When time={lastUsedAt} />} · ends{' '}
                <When time={expiresAt} />
              </span>
            </span>
            <Button isBusy={end.isBusy} onClick={() => end.run(id)}>
              Log out<span className="sr-only"> {name}</span>
            </Button>
          </li>
        ))}
      </ul>
      {data?.isAll === false && <NotAll noun="login" />}
    </Card>
  )
}
