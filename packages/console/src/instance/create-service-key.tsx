import type { ServicePermission } from '@keywright/client'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { CopyBox } from '../parts/copy-box.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Choices } from '../parts/field.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { Notice } from '../parts/notice.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { ShownOnce } from '../parts/shown-once.tsx'
import { visible } from '../parts/text.tsx'
import { NameField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { useHold } from '../parts/use-hold.ts'
import { OrganizationField } from './organization-field.tsx'

const offered = [
  { value: 'verify', label: 'Verify', hint: 'Ask whether an API key may do something.' },
  { value: 'metrics', label: 'Metrics', hint: 'Read /metrics.' },
  { value: 'manage', label: 'Manage', hint: 'Issue, rotate and revoke keys, and read usage and the audit log.' },
  { value: '*', label: 'Everything', hint: 'What an operator may do.' },
] as const satisfies readonly { value: ServicePermission; label: string; hint: string }[]

export function CreateServiceKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [permission, setPermission] = useState<ServicePermission>('verify')
  const [organization, setOrganization] = useState('')
  const create = useAction(async () => {
    const created = await keywright.serviceKeys.create({
      ...{ name, permissions: [permission] },
      ...(organization.trim() !== '' && { organization: organization.trim() }),
    })
    // Not waited for: the secret is in sight before the page behind it is true again.
    void queries.invalidateQueries({ queryKey: ['service-keys'] })
    return created
  })
  const { error, isBusy, result } = create
  useHold(isBusy)
  if (result) return <Created {...result} onClose={onClose} />
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title="Create service key"
      action="Create service key"
      onSubmit={() => create.run(undefined)}
    >
      <NameField value={name} onText={setName} error={fieldError(error, 'name')} />
      <Choices legend="It may" options={offered} value={permission} onChange={setPermission} />
      <OrganizationField value={organization} error={fieldError(error, 'organization')} onText={setOrganization} />
    </FormDialog>
  )
}

function Created({ name, credential, onClose }: { name: string; credential: string; onClose: () => void }) {
  return (
    <Dialog title={`“${visible(name)}” is ready`} onClose={onClose} isHeld isWide>
      <ShownOnce what="this key" onDone={onClose}>
        <Notice title="This is the only time the service key is shown.">
          Only a digest of it is kept. Store it now.
        </Notice>
        <CopyBox label="The new service key" text={credential} action="Copy service key" />
      </ShownOnce>
    </Dialog>
  )
}
