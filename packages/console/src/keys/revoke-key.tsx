import type { Key } from '@keywright/client'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { inWords } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { ReceiptProgress } from './receipt-progress.tsx'

export function RevokeKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const revoke = useAction(async () => {
    const revoked = await keywright.keys.revoke(key.id, reason === '' ? {} : { reason })
    await queries.invalidateQueries({ queryKey: ['key', key.id] })
    await queries.invalidateQueries({ queryKey: ['keys'] })
    return revoked
  })
  if (revoke.result) {
    return (
      <Dialog title="The key is revoked" onClose={onClose}>
        <DialogBody>
          <ReceiptProgress receipt={revoke.result.receipt} />
        </DialogBody>
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  const secrets = key.versions.filter(
    ({ retiresAt }) => retiresAt === null || Date.parse(retiresAt) > Date.now(),
  ).length
  return (
    <Dialog title="Revoke the key for good" onClose={onClose} isHeld={revoke.isBusy}>
      <DialogBody>
        {revoke.error !== null && <ErrorNotice error={revoke.error} />}
        <ul className="list-disc space-y-1 pl-5">
          <li>
            {secrets === 1 ? 'Its secret is' : `All ${secrets} of its secrets are`} refused at once here, and on every
            other node as soon as it hears of it: within 10 seconds unless the operator has set another bound.
          </li>
          <li>
            {key.lastUsedAt === null ? 'It was never used.' : `It was last used ${inWords(key.lastUsedAt)}.`} Requests
            under way may still finish.
          </li>
          <li>There is no way back. To stop it for a while, suspend it instead.</li>
        </ul>
        <Field label="Reason" hint="Optional. The audit log keeps it.">
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
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" isBusy={revoke.isBusy} onClick={() => revoke.run(undefined)}>
          Revoke for good
        </Button>
      </DialogActions>
    </Dialog>
  )
}
