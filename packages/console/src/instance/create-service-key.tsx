import type { ServicePermission } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { organizationsQuery, queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Checkbox, Choices, Field, Input, Select } from '../parts/field.tsx'
import { ErrorNotice, fieldError, Notice } from '../parts/notice.tsx'
import { useAction } from '../parts/use-action.ts'

const offered = [
  { value: 'verify', label: 'Verify', hint: 'Ask whether an API key may do something.' },
  { value: 'metrics', label: 'Metrics', hint: 'Read /metrics.' },
  { value: 'manage', label: 'Manage', hint: 'Issue, rotate and revoke keys, and read usage and the audit log.' },
  { value: '*', label: 'Everything', hint: 'What an operator may do.' },
] as const satisfies readonly { value: ServicePermission; label: string; hint: string }[]

export function CreateServiceKey({ onClose }: { onClose: () => void }) {
  const { data } = useQuery(organizationsQuery)
  const [name, setName] = useState('')
  const [permission, setPermission] = useState<ServicePermission>('verify')
  const [organization, setOrganization] = useState('')
  const [isStored, setStored] = useState(false)
  const create = useAction(async () => {
    const created = await keywright.serviceKeys.create({
      ...{ name, permissions: [permission] },
      ...(organization !== '' && { organization }),
    })
    await queries.invalidateQueries({ queryKey: ['service-keys'] })
    return created
  })
  const { error, isBusy, result } = create
  if (result) {
    return (
      <Dialog title={`“${result.name}” is ready`} onClose={onClose} isHeld>
        <DialogBody>
          <Notice title="This is the only time the service key is shown.">
            Only a digest of it is kept. Store it now.
          </Notice>
          <output
            aria-label="The new service key"
            className="block rounded-lg border border-line-strong bg-raised px-3 py-2 font-mono break-all select-all"
          >
            {result.credential}
          </output>
          <CopyButton text={result.credential} label="Copy service key" />
          <Checkbox
            label="I have stored this key in a safe place"
            checked={isStored}
            onChange={(event) => setStored(event.target.checked)}
          />
        </DialogBody>
        <DialogActions>
          <Button look="primary" disabled={!isStored} onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.run(undefined)
  }
  return (
    <Dialog title="Create service key" onClose={onClose} isHeld={isBusy}>
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
          <Choices legend="It may" options={offered} value={permission} onChange={setPermission} />
          <Field label="For" error={fieldError(error, 'organization')}>
            {(field) => (
              <Select {...field} value={organization} onChange={(event) => setOrganization(event.target.value)}>
                <option value="">The whole instance</option>
                {data?.organizations.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isBusy={isBusy}>
            Create service key
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
