import type { Key } from '@keywright/client'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Foreign, visible } from '../parts/text.tsx'
import { useAction } from '../parts/use-action.ts'

export interface Found {
  key: Key
  detail: ReactNode
  mend: { label: string; run: (key: Key) => Promise<void> }
}

export function Finding({
  found: { key, detail, mend },
  organization,
  mayChange,
}: {
  found: Found
  organization: string
  mayChange: boolean
}) {
  const run = useAction(() => mend.run(key))
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-5 py-2.5">
      <Link
        to="/$organization/keys/$key"
        params={{ organization, key: key.id }}
        className="flex min-w-0 flex-1 basis-40 font-medium underline-offset-4 hover:underline"
      >
        <Foreign>{key.name}</Foreign>
      </Link>
      <span className="text-muted">{detail}</span>
      {mayChange && (
        <Button
          isBusy={run.isBusy}
          onClick={() => run.run(undefined)}
          aria-label={`${mend.label}: ${visible(key.name)}`}
        >
          {mend.label}
        </Button>
      )}
      {run.error !== null && (
        <div className="basis-full">
          <ErrorNotice error={run.error} />
        </div>
      )}
    </li>
  )
}
