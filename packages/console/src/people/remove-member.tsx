import type { Member } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { visible } from '../parts/text.tsx'
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
  return (
    <ConfirmDialog
      title={`Remove ${visible(name ?? user)}`}
      action="Remove"
      isDangerous
      isIncomplete={!data}
      isBusy={remove.isBusy}
      error={remove.error ?? error}
      onSubmit={() => remove.run(undefined)}
      onClose={onClose}
    >
      {data && (
        <p>
          {data.keys === 0
            ? 'No key goes with them.'
            : `${counted(data.keys, 'key')} that they made here ${data.keys === 1 ? 'is' : 'are'} revoked for good with it.`}{' '}
          Their account stays, and they can be invited again.
        </p>
      )}
    </ConfirmDialog>
  )
}
