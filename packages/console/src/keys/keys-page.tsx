import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { contractQuery } from '../api/queries.ts'
import { Page } from '../parts/page.tsx'
import { CreateKeyButton } from './create-key-button.tsx'
import { KeyList } from './key-list.tsx'

export function KeysPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/keys' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const advice = contract.oneKeyPerOrganization
    ? `There is one for each ${contract.docs.organization}: rotate it where it is lost.`
    : 'Give each program its own, so that you can end one without the others.'
  return (
    <Page
      title="API keys"
      description={`What programs use to call ${contract.title}. ${advice}`}
      actions={<CreateKeyButton organization={organization} />}
    >
      <KeyList organization={organization} />
    </Page>
  )
}
