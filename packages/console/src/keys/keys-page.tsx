import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { contractQuery } from '../api/queries.ts'
import { Page } from '../parts/page.tsx'
import { KeyList } from './key-list.tsx'
import { useCreateKey } from './use-create-key.tsx'

export function KeysPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/keys' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const create = useCreateKey(organization)
  const advice = contract.oneKeyPerOrganization
    ? `There is one for each ${contract.docs.organization}: rotate it where it is lost.`
    : 'Give each program its own, so that you can end one without the others.'
  return (
    <Page
      title="API keys"
      description={`What programs use to call ${contract.title}. ${advice}`}
      actions={create.button}
    >
      {create.dialog}
      <KeyList organization={organization} create={create.button} />
    </Page>
  )
}
