import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { DialogActions, DialogBody } from './dialog.tsx'
import { Checkbox } from './field.tsx'
import { useHold } from './use-hold.ts'

interface ShownOnceProps {
  /** `this key`, `these codes`. */
  what: string
  onDone: () => void
  children: ReactNode
}

/** What a dialog shows this once, until whoever reads it says that it is stored. */
export function ShownOnce({ what, onDone, children }: ShownOnceProps) {
  const [isStored, setStored] = useState(false)
  useHold(!isStored)
  return (
    <>
      <DialogBody>
        {children}
        <Checkbox
          label={`I have stored ${what} in a safe place`}
          checked={isStored}
          onChange={(event) => setStored(event.target.checked)}
        />
      </DialogBody>
      <DialogActions>
        <Button look="primary" disabled={!isStored} onClick={onDone}>
          Done
        </Button>
      </DialogActions>
    </>
  )
}
