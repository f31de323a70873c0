import type { Role } from '@keywright/client'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { CopyBox } from '../parts/copy-box.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Choices } from '../parts/field.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { EmailField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { useRole } from '../shell/place.ts'
import { rolesGivenBy } from './roles.ts'

export function InviteMember({ organization, onClose }: { organization: string; onClose: () => void }) {
  const own = useRole(organization)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('member')
  const invite = useAction(async () => {
    const created = await keywright.members.invite(organization, { email, role })
    // Not waited for: the link is in sight before the page behind it is true again.
    void queries.invalidateQueries({ queryKey: ['invitations', organization] })
    return created
  })
  const { error, isBusy, result } = invite
  if (result) {
    return (
      <Dialog title="The invitation is ready" onClose={onClose}>
        <DialogBody>
          <p>
            {result.byMail ? 'A letter with this link is on its way to' : 'No letter is sent. Hand this link to'}{' '}
            {result.email}. It works once, for that address alone, within seven days, and is not shown again.
          </p>
          <CopyBox label="The link" text={result.link} action="Copy link" />
        </DialogBody>
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title="Invite someone"
      action="Create the invitation"
      onSubmit={() => invite.run(undefined)}
    >
      <EmailField value={email} onText={setEmail} error={fieldError(error, 'email')} />
      <Choices legend="Role" options={rolesGivenBy(own)} value={role} onChange={setRole} />
    </FormDialog>
  )
}
