import type { Organization } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { organizationQuery, organizationsQuery, viewerQuery } from '../api/queries.ts'

/** The organization that the address names; on pages of the instance or the account, the first. */
export function usePlace(): { organization: string | null; current: Organization | undefined } {
  const { organization } = useParams({ strict: false })
  const { data: all } = useQuery({ ...organizationsQuery(), enabled: organization === undefined })
  const { data: named } = useQuery({ ...organizationQuery(organization ?? ''), enabled: organization !== undefined })
  const current = organization === undefined ? all?.organizations[0] : named
  return { organization: organization ?? current?.id ?? null, current }
}

/** Whether the viewer may change something in an organization: members read. */
export function useMayChange(organization: string): boolean {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  if (!viewer) return false
  const role = viewer.roles[organization]
  return viewer.isOperator || role === 'owner' || role === 'admin'
}
