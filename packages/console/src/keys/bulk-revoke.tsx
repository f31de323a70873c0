import type { RevokedKeys } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries, wouldGo } from '../api/queries.ts'
import { WouldGo } from '../deletion/would-go.tsx'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'
import { ReasonField } from './reason-field.tsx'
import { ReceiptProgress } from './receipt-progress.tsx'
import { whereAndWhen } from './revocation.ts'

function countOf({ results }: RevokedKeys): number {
  return results.filter(({ status }) => status !== 'refused').length
}

/** Many at once: the server says first how many it would be, then does it, all or none, in one change of the log. */
export function BulkRevoke({ keys, onClose }: { keys: readonly string[]; onClose: (isDone: boolean) => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const [reason, setReason] = useState('')
  const trial = useQuery({
    queryKey: ['bulk-revoke', keys],
    queryFn: () => keywright.keys.revokeMany(keys, { dryRun: true }),
    ...wouldGo,
  })
  const revoke = useAction(async () => {
    const done = await keywright.keys.revokeMany(keys, reason === '' ? {} : { reason })
    await queries.invalidateQueries({ queryKey: ['keys'] })
    return done
  })
  if (revoke.result) {
    return (
      <Dialog title={`${counted(revoke.result.revoked, 'key')} revoked`} onClose={() => onClose(true)}>
        <DialogBody>
          {revoke.result.refused > 0 && <p>{counted(revoke.result.refused, 'key')} could not be: gone meanwhile.</p>}
          {revoke.result.receipt !== null && <ReceiptProgress receipt={revoke.result.receipt} />}
        </DialogBody>
        <DialogActions>
          <Button look="primary" onClick={() => onClose(true)}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  const count = trial.data && countOf(trial.data)
  return (
    <ConfirmDialog
      title="Revoke these keys for good"
      action={`Revoke ${count === undefined ? '' : counted(count, 'key')}`}
      isDangerous
      isIncomplete={!count}
      isBusy={revoke.isBusy}
      error={revoke.error}
      onSubmit={() => revoke.run(undefined)}
      onClose={() => onClose(false)}
    >
      <WouldGo of={trial}>
        {(data) => (
          <p>
            <strong>{counted(countOf(data), 'key')}</strong> would be revoked, with every secret of each. Whatever uses
            them is refused {whereAndWhen(contract)}. There is no way back.
          </p>
        )}
      </WouldGo>
      <ReasonField hint="Optional. The audit log keeps it with each key." value={reason} onText={setReason} />
    </ConfirmDialog>
  )
}
