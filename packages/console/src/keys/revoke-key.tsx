import type { Key } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, LoaderCircle } from 'lucide-react'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Mono } from '../parts/text.tsx'
import { exactly, inWords } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'

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
            other node within 10 seconds at the latest.
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

/** Node by node, until none may accept the key any more. */
function ReceiptProgress({ receipt }: { receipt: string }) {
  const { data, error } = useQuery({
    queryKey: ['receipt', receipt],
    queryFn: ({ signal }) => keywright.receipts.get(receipt, { signal }),
    refetchInterval: ({ state }) => (state.data?.complete ? false : 500),
  })
  if (error && !data) return <ErrorNotice error={error} />
  const isComplete = data?.complete === true
  const Icon = isComplete ? CircleCheck : LoaderCircle
  return (
    <div className="space-y-4">
      <p role="status" className="flex items-center gap-3">
        <Icon size={20} aria-hidden className={isComplete ? 'text-good' : 'animate-spin text-muted'} />
        {isComplete ? 'No node accepts it any more.' : 'Waiting for every node to say so…'}
      </p>
      {data && (
        <ul className="divide-y rounded-lg border">
          {data.appliedBy.map(({ node, appliedAt }) => (
            <li key={node} className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
              <Mono className="break-all">{node}</Mono>
              <span className="text-muted">{exactly(appliedAt)}</span>
            </li>
          ))}
          {data.pending.map((node) => (
            <li key={node} className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
              <Mono className="break-all">{node}</Mono>
              <span className="text-warn">not yet</span>
            </li>
          ))}
        </ul>
      )}
      <p className="text-muted">
        Receipt <Mono>{receipt}</Mono>
      </p>
    </div>
  )
}
