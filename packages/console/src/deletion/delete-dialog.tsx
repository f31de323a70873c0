import type { Deletion } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { contractQuery, queries, wouldGo } from '../api/queries.ts'
import { ReceiptProgress } from '../keys/receipt-progress.tsx'
import { whereAndWhen } from '../keys/revocation.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { visible } from '../parts/text.tsx'
import { TextField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'
import { WouldGo } from './would-go.tsx'

export interface DeleteDialogProps {
  noun: string
  of: { id: string; name: string }
  remove: (options: { dryRun?: boolean }) => Promise<Deletion>
  /** What goes with it beside keys. */
  goes: (counts: Deletion) => readonly string[]
  stays: ReactNode
  onClose: () => void
}

/** Counted by the server first; then done by who types what it is called. */
export function DeleteDialog({ noun, of: { id, name }, remove, goes, stays, onClose }: DeleteDialogProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const [typed, setTyped] = useState('')
  const shown = visible(name)
  const counts = useQuery({
    queryKey: ['deletion', noun, id],
    queryFn: () => remove({ dryRun: true }),
    ...wouldGo,
  })
  const { run, isBusy, error, result } = useAction(async () => {
    const deletion = await remove({})
    await queries.invalidateQueries()
    return deletion
  })
  if (result) {
    return (
      <Dialog title={`${shown} is deleted`} onClose={onClose}>
        <DialogBody>
          <p>{counted(result.keys, 'key')} went with it.</p>
          {result.receipt !== null && <ReceiptProgress receipt={result.receipt} />}
        </DialogBody>
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  return (
    <ConfirmDialog
      {...{ isBusy, onClose }}
      title={`Delete ${shown}`}
      action={`Delete the ${noun} for good`}
      isDangerous
      isIncomplete={!counts.data || spaced(typed) !== spaced(shown)}
      error={error}
      onSubmit={() => run(undefined)}
    >
      <WouldGo of={counts}>
        {(deletion) => (
          <ul className="list-disc space-y-1 pl-5">
            <li>
              <strong>{counted(deletion.keys, 'key')}</strong> would be revoked and refused {whereAndWhen(contract)}.
            </li>
            {goes(deletion).map((one) => (
              <li key={one}>
                <strong>{one}</strong> would go with it.
              </li>
            ))}
            <li>{stays} There is no way back.</li>
          </ul>
        )}
      </WouldGo>
      <TextField
        label={`To delete it, type ${shown}`}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onText={setTyped}
      />
    </ConfirmDialog>
  )
}

/** A browser shows two spaces as one. */
function spaced(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
