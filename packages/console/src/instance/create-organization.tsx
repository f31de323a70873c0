import { useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Reveal } from '../keys/reveal.tsx'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Field, Input, Select } from '../parts/field.tsx'
import { ErrorNotice, fieldError } from '../parts/notice.tsx'
import { visible } from '../parts/text.tsx'
import { useAction } from '../parts/use-action.ts'
import { capitalized } from '../shell/words.ts'
import { namespacesOf } from './namespaces.ts'

export function CreateOrganization({ onClose }: { onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const plans = Object.keys(contract.plans)
  const [name, setName] = useState('')
  const [id, setId] = useState('')
  const [plan, setPlan] = useState(plans[0])
  const [namespaces, setNamespaces] = useState(contract.namespaces?.default.join(', ') ?? '')
  const create = useAction(async () => {
    const created = await keywright.organizations.create({
      name,
      ...(id !== '' && { id }),
      ...(plan !== undefined && { plan }),
      ...(contract.namespaces && { namespaces: namespacesOf(namespaces) }),
    })
    await queries.invalidateQueries({ queryKey: ['organizations'] })
    // Where each has the one key, onboarding is not done without it.
    if (contract.oneKeyPerOrganization) return keywright.keys.create({ organization: created.id, name: 'default' })
    onClose()
    return null
  })
  const { error, isBusy } = create
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.run(undefined)
  }
  if (create.result) {
    return (
      <Dialog title={`The key of ${visible(name)}`} onClose={onClose} isHeld isWide>
        <Reveal credential={create.result.credential} onDone={onClose} />
      </Dialog>
    )
  }
  return (
    <Dialog title={`Create ${contract.docs.organization}`} onClose={onClose} isHeld={isBusy}>
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
          <Field
            label={`${capitalized(contract.docs.organization)} id`}
            hint="Optional; it cannot be changed later. Lower-case letters, digits, _ and -."
            error={fieldError(error, 'id')}
          >
            {(field) => (
              <Input
                {...field}
                pattern="[a-z0-9][a-z0-9_\-]{0,62}"
                autoComplete="off"
                spellCheck={false}
                placeholder="acme"
                value={id}
                onChange={(event) => setId(event.target.value)}
              />
            )}
          </Field>
          {plans.length > 0 && (
            <Field label="Plan" error={fieldError(error, 'plan')}>
              {(field) => (
                <Select {...field} value={plan} onChange={(event) => setPlan(event.target.value)}>
                  {plans.map((plan) => (
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
                <Input {...field} value={namespaces} onChange={(event) => setNamespaces(event.target.value)} />
              )}
            </Field>
          )}
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isBusy={isBusy}>
            Create {contract.docs.organization}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
