import type { Member } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'

export function RemoveMember({ of: { organization, user, name }, onClose }: { of: Member; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['removal', organization, user],
    queryFn: () => keywright.members.remove(organization, user, { dryRun: true }),
    staleTime: 0,
  })
  const remove = useAction(async () => {
    await keywright.members.remove(organization, user)
    await queries.invalidateQueries()
    onClose()
  })
  const problem = remove.error ?? error
  return (
    <Dialog title={`Remove ${name ?? user}`} onClose={onClose} isHeld={remove.isBusy}>
      <DialogBody>
        {problem !== null && <ErrorNotice error={problem} />}
        {data && (
          <p>
            {data.keys === 0
              ? 'No key goes with them.'
              : `${counted(data.keys, 'key')} that they made here ${data.keys === 1 ? 'is' : 'are'} revoked for good with it.`}{' '}
            Their account stays, and they can be invited again.
          </p>
        )}
      </DialogBody>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" disabled={!data} isBusy={remove.isBusy} onClick={() => remove.run(undefined)}>
          Remove
        </Button>
      </DialogActions>
    </Dialog>
  )
}
