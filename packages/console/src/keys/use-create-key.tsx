import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, projectsQuery } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { useMayChange, usePlace } from '../shell/place.ts'

const CreateKey = lazy(async () => ({ default: (await import('./create-key.tsx')).CreateKey }))

export interface KeyCreation {
  /** Not there for who may not, nor where a key has nothing to be bound to or is there already. */
  button: ReactNode
  /** Belongs into the page itself: what holds a button may go with the first key, whose secret is shown here once. */
  dialog: ReactNode
}

export function useCreateKey(organization: string, project?: string): KeyCreation {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const mayChange = useMayChange(organization)
  const isBound = contract.boundTo === 'project'
  const { data: projects } = useQuery({ ...projectsQuery(organization), enabled: isBound && project === undefined })
  const { data: active } = useQuery({
    queryKey: ['keys', 'one', organization],
    queryFn: ({ signal }) => keywright.keys.list({ organization, state: 'active', limit: 1 }, { signal }).page(),
    enabled: contract.oneKeyPerOrganization,
  })
  const [isCreating, setCreating] = useState(false)
  const hasProject = !isBound || project !== undefined || (projects?.projects.length ?? 0) > 0
  // Where there can be one, the one there is gets a new secret instead.
  const isTaken = contract.oneKeyPerOrganization && active?.keys.length !== 0
  return {
    button: mayChange && current && hasProject && !isTaken && (
      <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
        Create API key
      </Button>
    ),
    dialog: isCreating && current && (
      <Suspense>
        <CreateKey organization={current} project={project} onClose={() => setCreating(false)} />
      </Suspense>
    ),
  }
}
