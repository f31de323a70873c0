import type { Organization, Role } from '@keywright/client'
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

/** As what the viewer acts in an organization; operators as owners of each. */
export function useRole(organization: string): Role | undefined {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  return viewer?.isOperator ? 'owner' : viewer?.roles[organization]
}

/** Whether the viewer may change something in an organization: members read. */
export function useMayChange(organization: string): boolean {
  const role = useRole(organization)
  return role === 'owner' || role === 'admin'
}
