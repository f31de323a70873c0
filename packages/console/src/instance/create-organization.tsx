import type { Organization } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Reveal } from '../keys/reveal.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { visible } from '../parts/text.tsx'
import { NameField, TextField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { useHold } from '../parts/use-hold.ts'
import { capitalized } from '../shell/words.ts'
import { NamespacesField, namespacesOf } from './namespaces.tsx'
import { PlanField } from './plan-field.tsx'

export function CreateOrganization({ onClose }: { onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const plans = Object.keys(contract.plans)
  const [name, setName] = useState('')
  const [id, setId] = useState('')
  const [plan, setPlan] = useState(plans[0])
  const [namespaces, setNamespaces] = useState(contract.namespaces?.default.join(', ') ?? '')
  const [keyless, setKeyless] = useState<Organization | null>(null)
  const makeKey = useAction(({ id }: Organization) => keywright.keys.create({ organization: id, name: 'default' }))
  const create = useAction(async () => {
    const created = await keywright.organizations.create({
      name,
      ...(id !== '' && { id }),
      ...(plan !== undefined && { plan }),
      ...(contract.namespaces && { namespaces: namespacesOf(namespaces) }),
    })
    // Not waited for: the secret is in sight before the page behind it is true again.
    void queries.invalidateQueries({ queryKey: ['organizations'] })
    // Where each has the one key, onboarding is not done without it.
    if (!contract.oneKeyPerOrganization) return onClose()
    setKeyless(created)
    await makeKey.run(created)
  })
  const { error, isBusy } = create
  useHold(isBusy || makeKey.isBusy)
  const noun = contract.docs.organization
  if (makeKey.result) {
    return (
      <Dialog title={`The key of ${visible(name)}`} onClose={onClose} isHeld isWide>
        <Reveal credential={makeKey.result.credential} onDone={onClose} />
      </Dialog>
    )
  }
  if (keyless && !isBusy) {
    return (
      <FormDialog
        {...{ error: makeKey.error, isBusy: makeKey.isBusy, onClose }}
        title={`The key of ${visible(name)}`}
        action="Create its key"
        onSubmit={() => makeKey.run(keyless)}
      >
        <p>The {noun} is there. Its key is what is missing.</p>
      </FormDialog>
    )
  }
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title={`Create ${noun}`}
      action={`Create ${noun}`}
      onSubmit={() => create.run(undefined)}
    >
      <NameField value={name} onText={setName} error={fieldError(error, 'name')} />
      <TextField
        label={`${capitalized(noun)} id`}
        hint="Optional; it cannot be changed later. Lower-case letters, digits, _ and -."
        error={fieldError(error, 'id')}
        pattern="[a-z0-9][a-z0-9_\-]{0,62}"
        autoComplete="off"
        spellCheck={false}
        placeholder="acme"
        value={id}
        onText={setId}
      />
      {plan !== undefined && <PlanField plans={contract.plans} value={plan} onChange={setPlan} error={error} />}
      {contract.namespaces && <NamespacesField value={namespaces} onText={setNamespaces} error={error} />}
    </FormDialog>
  )
}
