import type { Member } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { keywright } from '../api/keywright.ts'
import { queries, viewerQuery, wouldGo } from '../api/queries.ts'
import { WouldGo } from '../deletion/would-go.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { visible } from '../parts/text.tsx'
import { useAction } from '../parts/use-action.ts'
import { useNoun } from '../shell/noun.ts'
import { counted } from '../shell/words.ts'

/** Takes a person out of an organization, or lets them leave it. */
export function RemoveMember({ of: { organization, user, name }, onClose }: { of: Member; onClose: () => void }) {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const noun = useNoun()
  const router = useRouter()
  const isOwn = user === viewer?.id
  const removal = useQuery({
    queryKey: ['removal', organization, user],
    queryFn: () => keywright.members.remove(organization, user, { dryRun: true }),
    ...wouldGo,
  })
  const remove = useAction(async () => {
    await keywright.members.remove(organization, user)
    // An operator still sees all of it.
    if (!isOwn || viewer?.isOperator) {
      await queries.invalidateQueries()
      return onClose()
    }
    queries.clear()
    await router.navigate({ to: '/', replace: true })
  })
  return (
    <ConfirmDialog
      title={isOwn ? `Leave this ${noun}` : `Remove ${visible(name ?? user)}`}
      action={isOwn ? 'Leave' : 'Remove'}
      isDangerous
      isIncomplete={!removal.data}
      isBusy={remove.isBusy}
      error={remove.error}
      onSubmit={() => remove.run(undefined)}
      onClose={onClose}
    >
      <WouldGo of={removal}>
        {({ keys }) => (
          <p>
            {keys === 0
              ? `No key goes with ${isOwn ? 'you' : 'them'}.`
              : `${counted(keys, 'key')} that ${isOwn ? 'you' : 'they'} made here ${keys === 1 ? 'is' : 'are'} revoked for good with it.`}{' '}
            {isOwn
              ? 'Your account stays. You can be invited again.'
              : 'Their account stays, and they can be invited again.'}
          </p>
        )}
      </WouldGo>
    </ConfirmDialog>
  )
}
