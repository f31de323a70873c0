import type { Organization } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { organizationsQuery, viewerQuery } from '../api/queries.ts'

/** The organization that the address names; on pages of the instance or the account, the first. */
export function usePlace(): { organization: string | null; all: Organization[]; current: Organization | undefined } {
  const { organization } = useParams({ strict: false })
  const { data } = useQuery(organizationsQuery)
  const all = data?.organizations ?? []
  const id = organization ?? all[0]?.id ?? null
  return { organization: id, all, current: all.find((one) => one.id === id) }
}

/** Whether the viewer may change something in an organization: members read. */
export function useMayChange(organization: string): boolean {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  if (!viewer) return false
  const role = viewer.roles[organization]
  return viewer.isOperator || role === 'owner' || role === 'admin'
}
