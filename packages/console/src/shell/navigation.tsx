import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, type LinkProps } from '@tanstack/react-router'
import {
  BookOpenText,
  Boxes,
  Building2,
  ChartNoAxesColumn,
  FolderClosed,
  Gauge,
  KeyRound,
  ListChecks,
  type LucideIcon,
  ScrollText,
  Users,
} from 'lucide-react'
import { contractQuery, type Viewer } from '../api/queries.ts'
import { usePlace } from './place.ts'
import { capitalized, plural } from './words.ts'

interface Entry {
  label: string
  icon: LucideIcon
  link: Pick<LinkProps, 'to' | 'params'>
}

export function Navigation({ viewer, onGo }: { viewer: Viewer; onGo: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { organization } = usePlace()
  const within = (label: string, icon: LucideIcon, to: LinkProps['to']): Entry => ({
    ...{ label, icon },
    link: { to, params: { organization: organization ?? '' } } as Entry['link'],
  })
  const noun = contract.docs.organization
  return (
    <nav aria-label="Console" className="mt-4 space-y-5">
      {organization !== null && (
        <>
          <Group
            onGo={onGo}
            label="Settings"
            entries={[
              within('API keys', KeyRound, '/$organization/keys'),
              ...(contract.boundTo === 'project' ? [within('Projects', FolderClosed, '/$organization/projects')] : []),
              within('Members', Users, '/$organization/members'),
              within('Authentication', BookOpenText, '/$organization/authentication'),
            ]}
          />
          <Group
            onGo={onGo}
            label="Activity"
            entries={[
              within('Usage', ChartNoAxesColumn, '/$organization/usage'),
              within('Hygiene', ListChecks, '/$organization/hygiene'),
              within('Limits', Gauge, '/$organization/limits'),
              within('Audit log', ScrollText, '/$organization/audit'),
            ]}
          />
        </>
      )}
      {viewer.isOperator && (
        <Group
          onGo={onGo}
          label="Instance"
          entries={[
            { label: capitalized(plural(noun)), icon: Building2, link: { to: '/instance/organizations' } },
            { label: 'People', icon: Users, link: { to: '/instance/people' } },
            { label: 'Service keys', icon: Boxes, link: { to: '/instance/service-keys' } },
          ]}
        />
      )}
    </nav>
  )
}

function Group({ label, entries, onGo }: { label: string; entries: readonly Entry[]; onGo: () => void }) {
  return (
    <div>
      <h2 className="px-2.5 pb-1 text-xs font-medium tracking-normal text-muted">{label}</h2>
      <ul className="space-y-0.5">
        {entries.map(({ label, icon: Icon, link }) => (
          <li key={label}>
            <Link
              {...link}
              onClick={onGo}
              className="flex h-9 items-center gap-2.5 rounded-lg px-2.5 text-muted transition-colors hover:bg-raised hover:text-ink lg:h-8"
              activeProps={{ className: 'bg-raised !text-ink font-medium' }}
            >
              <Icon size={16} aria-hidden />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}
