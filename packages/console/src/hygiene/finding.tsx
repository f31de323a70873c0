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
    <li className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-5 py-2.5 sm:grid-cols-[1fr_auto_auto]">
      <Link
        to="/$organization/keys/$key"
        params={{ organization, key: key.id }}
        className="flex min-w-0 font-medium underline-offset-4 hover:underline"
      >
        <Foreign>{key.name}</Foreign>
      </Link>
      <span className="min-w-0 text-muted max-sm:col-start-1 max-sm:row-start-2">{detail}</span>
      {mayChange && (
        <Button
          isBusy={run.isBusy}
          onClick={() => run.run(undefined)}
          className="max-sm:col-start-2 max-sm:row-span-2 max-sm:row-start-1"
          aria-label={`${mend.label}: ${visible(key.name)}`}
        >
          {mend.label}
        </Button>
      )}
      {run.error !== null && (
        <div className="col-span-full">
          <ErrorNotice error={run.error} />
        </div>
      )}
    </li>
  )
}
