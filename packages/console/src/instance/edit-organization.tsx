import type { Organization, OrganizationPatch } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { limitsInWords } from '../keys/limit-words.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Field, Input, Select } from '../parts/field.tsx'
import { ErrorNotice, fieldError, Notice } from '../parts/notice.tsx'
import { visible } from '../parts/text.tsx'
import { useAction } from '../parts/use-action.ts'
import { capitalized } from '../shell/words.ts'
import { namespacesOf } from './namespaces.ts'

const number = new Intl.NumberFormat()

/** Name, plan and namespaces, as far as the contract has them. Only what was touched is sent. */
export function EditOrganization({ of: organization, onClose }: { of: Organization; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const [name, setName] = useState(organization.name)
  const [plan, setPlan] = useState(organization.plan)
  const given = organization.namespaces?.join(', ') ?? ''
  const [namespaces, setNamespaces] = useState(given)
  const gone = (organization.namespaces ?? []).filter((namespace) => !namespacesOf(namespaces).includes(namespace))
  const change = useAction(async () => {
    const patch: OrganizationPatch = {
      ...(name !== organization.name && { name }),
      ...(plan !== null && plan !== organization.plan && { plan }),
      ...(namespaces !== given && { namespaces: namespacesOf(namespaces) }),
    }
    await keywright.organizations.update(organization.id, patch)
    await queries.invalidateQueries({ queryKey: ['organizations'] })
    onClose()
  })
  const { error, isBusy } = change
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.run(undefined)
  }
  const terms = plan === null ? undefined : contract.plans[plan]
  return (
    <Dialog title={`Change ${visible(organization.name)}`} onClose={onClose} isHeld={isBusy}>
      <form onSubmit={submit} className="contents">
        <DialogBody>
          {error !== null && <ErrorNotice error={error} />}
          <Field label="Name" error={fieldError(error, 'name')}>
            {(field) => (
              <Input
                {...field}
                required
                maxLength={200}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          {Object.keys(contract.plans).length > 0 && (
            <Field
              label="Plan"
              error={fieldError(error, 'plan')}
              {...(terms && {
                hint: `${limitsInWords(terms.limits, contract)}; ${terms.monthlyQuota === null ? 'no quota' : `${number.format(terms.monthlyQuota)} in a month`}. It holds at once.`,
              })}
            >
              {(field) => (
                <Select {...field} value={plan ?? ''} onChange={(event) => setPlan(event.target.value)}>
                  {Object.keys(contract.plans).map((plan) => (
                    <option key={plan} value={plan}>
                      {capitalized(plan)}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          )}
          {contract.namespaces && (
            <Field
              label="Namespaces"
              hint="What its keys may reach, separated by commas."
              error={fieldError(error, 'namespaces')}
            >
              {(field) => (
                <Input
                  {...field}
                  spellCheck={false}
                  value={namespaces}
                  onChange={(event) => setNamespaces(event.target.value)}
                />
              )}
            </Field>
          )}
          {gone.length > 0 && (
            <Notice title={`No key reaches ${gone.join(', ')} any more`}>Requests to it are refused at once.</Notice>
          )}
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isBusy={isBusy}>
            Save changes
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
