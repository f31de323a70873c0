import type { Role } from '@keywright/client'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Choices, Field, Input } from '../parts/field.tsx'
import { ErrorNotice, fieldError } from '../parts/notice.tsx'
import { useAction } from '../parts/use-action.ts'
import { roles } from './roles.ts'

export function InviteMember({ organization, onClose }: { organization: string; onClose: () => void }) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('member')
  const invite = useAction(async () => {
    const created = await keywright.members.invite(organization, { email, role })
    await queries.invalidateQueries({ queryKey: ['invitations', organization] })
    return created
  })
  const { error, isBusy, result } = invite
  if (result) {
    return (
      <Dialog title="The invitation is ready" onClose={onClose}>
        <DialogBody>
          <p>
            Send this link to {result.email}. It works once, for that address alone, within seven days, and is not shown
            again.
          </p>
          <output
            aria-label="The link"
            className="block rounded-lg border bg-raised px-3 py-2 font-mono break-all select-all"
          >
            {result.link}
          </output>
          <CopyButton text={result.link} label="Copy link" />
        </DialogBody>
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    invite.run(undefined)
  }
  return (
    <Dialog title="Invite someone" onClose={onClose} isHeld={isBusy}>
      <form onSubmit={submit} className="contents">
        <DialogBody>
          {error !== null && <ErrorNotice error={error} />}
          <Field label="E-mail" error={fieldError(error, 'email')}>
            {(field) => (
              <Input
                {...field}
                type="email"
                required
                autoComplete="off"
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
          <Choices legend="Role" options={roles} value={role} onChange={setRole} />
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isBusy={isBusy}>
            Create the invitation
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
