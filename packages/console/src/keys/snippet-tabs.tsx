import { useSuspenseQuery } from '@tanstack/react-query'
import { Tabs } from 'radix-ui'
import { contractQuery } from '../api/queries.ts'
import { CopyIcon } from '../parts/copy.tsx'
import { snippets } from './snippets.ts'

export function SnippetTabs({ credential }: { credential: string }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const all = snippets(contract, credential)
  return (
    <Tabs.Root defaultValue="curl" className="min-w-0 overflow-hidden rounded-xl border">
      <Tabs.List aria-label="Ready-made code" className="flex overflow-x-auto border-b bg-canvas px-1">
        {all.map(({ label }) => (
          <Tabs.Trigger
            key={label}
            value={label}
            className="-mb-px h-9 px-3 pb-0.5 text-muted data-[state=active]:border-b-2 data-[state=active]:border-accent data-[state=active]:pb-0 data-[state=active]:text-ink"
          >
            {label}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {all.map(({ label, code }) => (
        <Tabs.Content key={label} value={label} className="flex items-start gap-2 py-3 pr-2 pl-4">
          <pre className="min-w-0 flex-1 font-mono text-xs leading-relaxed break-all whitespace-pre-wrap">{code}</pre>
          <CopyIcon text={code} label={`Copy the ${label} lines`} />
        </Tabs.Content>
      ))}
    </Tabs.Root>
  )
}
