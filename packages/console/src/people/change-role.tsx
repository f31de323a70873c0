import type { Member, Role } from '@keywright/client'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { visible } from '../parts/text.tsx'
import { useAction } from '../parts/use-action.ts'
import { withArticle } from '../shell/words.ts'

export function ChangeRole({
  of: { organization, user, name, role: was },
  role,
  onClose,
}: {
  of: Member
  role: Role
  onClose: () => void
}) {
  const { run, isBusy, error } = useAction(async () => {
    await keywright.members.update(organization, user, { role })
    await queries.invalidateQueries({ queryKey: ['members', organization] })
    // It may have been their own.
    await queries.invalidateQueries({ queryKey: ['viewer'] })
    onClose()
  })
  return (
    <ConfirmDialog
      {...{ isBusy, error, onClose }}
      title={`Change the role of ${visible(name ?? user)}`}
      action={`Make them ${withArticle(role)}`}
      onSubmit={() => run(undefined)}
    >
      <p>They are {withArticle(was)} now.</p>
    </ConfirmDialog>
  )
}
