import type { Key } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { inWords } from '../parts/time-words.ts'
import { useAction } from '../parts/use-action.ts'
import { ReasonField } from './reason-field.tsx'
import { ReceiptProgress } from './receipt-progress.tsx'
import { whereAndWhen } from './revocation.ts'

export function RevokeKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
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
    <ConfirmDialog
      {...{ error: revoke.error, isBusy: revoke.isBusy, onClose }}
      title="Revoke the key for good"
      action="Revoke for good"
      isDangerous
      onSubmit={() => revoke.run(undefined)}
    >
      <ul className="list-disc space-y-1 pl-5">
        <li>
          {secrets === 1 ? 'Its secret is' : `All ${secrets} of its secrets are`} refused {whereAndWhen(contract)}.
        </li>
        <li>
          {key.lastUsedAt === null ? 'It was never used.' : `It was last used ${inWords(key.lastUsedAt)}.`} Requests
          under way may still finish.
        </li>
        <li>There is no way back. To stop it for a while, suspend it instead.</li>
      </ul>
      <ReasonField hint="Optional. The audit log keeps it." value={reason} onText={setReason} />
    </ConfirmDialog>
  )
}
