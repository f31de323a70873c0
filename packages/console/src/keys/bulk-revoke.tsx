import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'
import { ReceiptProgress } from './receipt-progress.tsx'

/** Many at once: the server says first how many it would be, then does it, all or none, in one change of the log. */
export function BulkRevoke({ keys, onClose }: { keys: readonly string[]; onClose: (isDone: boolean) => void }) {
  const [reason, setReason] = useState('')
  const trial = useQuery({
    queryKey: ['bulk-revoke', keys],
    queryFn: () => keywright.keys.revokeMany(keys, { dryRun: true }),
    staleTime: 0,
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
  const count = trial.data?.results.filter(({ status }) => status !== 'refused').length
  return (
    <Dialog title="Revoke these keys for good" onClose={() => onClose(false)} isHeld={revoke.isBusy}>
      <DialogBody>
        {trial.error && <ErrorNotice error={trial.error} onRetry={() => trial.refetch()} />}
        {revoke.error !== null && <ErrorNotice error={revoke.error} />}
        {count === undefined ? (
          !trial.error && <p className="text-muted">Counting what this would revoke …</p>
        ) : (
          <p>
            <strong>{counted(count, 'key')}</strong> would be revoked, with every secret of each. Whatever uses them is
            refused at once. There is no way back.
          </p>
        )}
        <Field label="Reason" hint="Optional. The audit log keeps it with each key.">
          {(field) => (
            <Input
              {...field}
              maxLength={200}
              autoComplete="off"
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
      </DialogBody>
      <DialogActions>
        <Button onClick={() => onClose(false)}>Cancel</Button>
        <Button look="danger" isBusy={revoke.isBusy} disabled={!count} onClick={() => revoke.run(undefined)}>
          Revoke {count === undefined ? '' : counted(count, 'key')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
