import type { Organization } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { whereAndWhen } from '../keys/revocation.ts'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { visible } from '../parts/text.tsx'
import { useAction } from '../parts/use-action.ts'

/** Suspends an organization, or lets it go on. */
export function ChangeState({ of: { id, name, state }, onClose }: { of: Organization; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const isEnding = state === 'active'
  const keys = useQuery({
    queryKey: ['keys', 'active', id],
    queryFn: ({ signal }) => keywright.keys.list({ organization: id, state: 'active', limit: 200 }, { signal }).page(),
  })
  const { run, isBusy, error } = useAction(async () => {
    await keywright.organizations.update(id, { state: isEnding ? 'suspended' : 'active' })
    await queries.invalidateQueries({ queryKey: ['organizations'] })
    onClose()
  })
  const count = keys.data ? `${keys.data.keys.length}${keys.data.nextCursor === null ? '' : ' or more'}` : '…'
  return (
    <ConfirmDialog
      {...{ isBusy, error, onClose }}
      title={`${isEnding ? 'Suspend' : 'Resume'} ${visible(name)}`}
      action={isEnding ? 'Suspend' : 'Resume'}
      isDangerous={isEnding}
      onSubmit={() => run(undefined)}
    >
      <p>
        {isEnding
          ? `Its active keys (${count}) are refused ${whereAndWhen(contract)}. That lasts until this ${contract.docs.organization} is resumed.`
          : `Its active keys (${count}) are let in again.`}
      </p>
    </ConfirmDialog>
  )
}
