import type { Organization, OrganizationPatch } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { limitsInWords, planHeld } from '../keys/limit-words.ts'
import { FormDialog } from '../parts/form-dialog.tsx'
import { Notice } from '../parts/notice.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { visible } from '../parts/text.tsx'
import { NameField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { NamespacesField, namespacesOf } from './namespaces.tsx'
import { PlanField } from './plan-field.tsx'

const number = new Intl.NumberFormat()

/** Name, plan and namespaces, as far as the contract has them. Only what was touched is sent. */
export function EditOrganization({ of: organization, onClose }: { of: Organization; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const [name, setName] = useState(organization.name)
  const held = planHeld(contract, organization)
  const [plan, setPlan] = useState(held)
  const given = organization.namespaces?.join(', ') ?? ''
  const [namespaces, setNamespaces] = useState(given)
  const gone = (organization.namespaces ?? []).filter((namespace) => !namespacesOf(namespaces).includes(namespace))
  const change = useAction(async () => {
    const patch: OrganizationPatch = {
      ...(name !== organization.name && { name }),
      ...(plan !== null && plan !== held && { plan }),
      ...(namespaces !== given && { namespaces: namespacesOf(namespaces) }),
    }
    await keywright.organizations.update(organization.id, patch)
    await queries.invalidateQueries({ queryKey: ['organizations'] })
    onClose()
  })
  const { error, isBusy } = change
  const terms = plan === null ? undefined : contract.plans[plan]
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title={`Change ${visible(organization.name)}`}
      action="Save changes"
      onSubmit={() => change.run(undefined)}
    >
      <NameField value={name} onText={setName} error={fieldError(error, 'name')} />
      {Object.keys(contract.plans).length > 0 && (
        <PlanField
          plans={contract.plans}
          value={plan ?? ''}
          onChange={setPlan}
          error={error}
          {...(terms && {
            hint: `${limitsInWords(terms.limits, contract)}; ${terms.monthlyQuota === null ? 'no quota' : `${number.format(terms.monthlyQuota)} in a month`}. It holds at once.`,
          })}
        />
      )}
      {contract.namespaces && <NamespacesField value={namespaces} onText={setNamespaces} error={error} />}
      {gone.length > 0 && (
        <Notice title={`No key reaches ${gone.join(', ')} any more`}>Requests to it are refused at once.</Notice>
      )}
    </FormDialog>
  )
}
