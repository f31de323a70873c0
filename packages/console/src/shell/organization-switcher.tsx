import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Check, ChevronsUpDown } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { contractQuery, organizationsQuery, ownOrganizationsQuery, viewerQuery } from '../api/queries.ts'
import { Foreign } from '../parts/text.tsx'
import { menuClass, menuItemClass } from './menu.ts'
import { usePlace } from './place.ts'
import { plural } from './words.ts'

export function OrganizationSwitcher() {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const list = useQuery(organizationsQuery())
  const page = list.data
  const isLong = page !== undefined && page.nextCursor !== null
  const own = useQuery({ ...ownOrganizationsQuery, enabled: isLong && viewer?.isOperator === false })
  const failed = [list, own].find(({ data, error }) => !data && error)
  const navigate = useNavigate()
  if (!current) return null
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="flex h-11 w-full items-center gap-2.5 rounded-lg border bg-surface px-2.5 text-left hover:bg-raised">
        <Initial name={current.name} />
        <Foreign className="flex-1 font-medium">{current.name}</Foreign>
        <span className="sr-only">Switch {contract.docs.organization}</span>
        <ChevronsUpDown size={14} aria-hidden className="shrink-0 text-muted" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" sideOffset={6} className={`${menuClass} max-h-96 w-64 overflow-y-auto`}>
          <DropdownMenu.Label className="px-2.5 py-1.5 text-xs text-muted">
            Your {plural(contract.docs.organization)}
          </DropdownMenu.Label>
          {(own.data?.items ?? page?.organizations)?.map(({ id, name }) => (
            <DropdownMenu.Item
              key={id}
              className={menuItemClass}
              onSelect={() => navigate({ to: '/$organization/keys', params: { organization: id } })}
            >
              <Initial name={name} />
              <Foreign className="flex-1">{name}</Foreign>
              {id === current.id && <Check size={14} aria-label="this one" />}
            </DropdownMenu.Item>
          ))}
          {failed && (
            <DropdownMenu.Item className={menuItemClass} onSelect={() => failed.refetch()}>
              Not all could be loaded. Try again
            </DropdownMenu.Item>
          )}
          {isLong && viewer?.isOperator && (
            <DropdownMenu.Item
              className={`${menuItemClass} text-muted`}
              onSelect={() => navigate({ to: '/instance/organizations' })}
            >
              Find others …
            </DropdownMenu.Item>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function Initial({ name }: { name: string }) {
  const [initial = '·'] = name.trim()
  return (
    <span
      aria-hidden
      className="flex size-6 shrink-0 items-center justify-center rounded-md bg-accent-soft text-xs font-semibold text-accent uppercase"
    >
      {initial}
    </span>
  )
}
