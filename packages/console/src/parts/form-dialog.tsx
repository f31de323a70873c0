import type { FormEvent, ReactNode } from 'react'
import { Button } from './button.tsx'
import { Dialog, DialogActions, DialogBody, type DialogProps } from './dialog.tsx'
import { ErrorNotice } from './notice.tsx'

export interface FormDialogProps extends Omit<DialogProps, 'isHeld' | 'isWide'> {
  /** On the button that does it. */
  action: ReactNode
  isDangerous?: boolean
  /** Something is missing without which it cannot be done. */
  isIncomplete?: boolean
  isBusy: boolean
  /** null: none. */
  error: unknown
  onSubmit: () => void
}

/** Asks for what is needed, and does it. */
export function FormDialog({ onSubmit, ...rest }: FormDialogProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <Dialog {...frameOf(rest)}>
      <form onSubmit={submit} className="contents">
        <Content {...rest} type="submit" />
      </form>
    </Dialog>
  )
}

/** Says what will happen, and does it. It is no form: Enter in one of its fields ends nothing. */
export function ConfirmDialog({ onSubmit, ...rest }: FormDialogProps) {
  return (
    <Dialog {...frameOf(rest)}>
      <Content {...rest} type="button" onClick={onSubmit} />
    </Dialog>
  )
}

function frameOf({ title, description, onClose, isBusy }: Omit<FormDialogProps, 'onSubmit'>) {
  return { title, description, onClose, isHeld: isBusy }
}

interface ContentProps extends Omit<FormDialogProps, 'onSubmit'> {
  type: 'submit' | 'button'
  onClick?: () => void
}

function Content({
  action,
  isDangerous = false,
  isIncomplete = false,
  isBusy,
  error,
  onClose,
  children,
  ...button
}: ContentProps) {
  return (
    <>
      <DialogBody>{children}</DialogBody>
      {/* Where it was pressed: the fields above may be scrolled, and their beginning out of sight. */}
      {error !== null && (
        <div className="px-6 pb-5">
          <ErrorNotice error={error} />
        </div>
      )}
      <DialogActions>
        <Button disabled={isBusy} onClick={onClose}>
          Cancel
        </Button>
        <Button
          type={button.type}
          onClick={button.onClick}
          look={isDangerous ? 'danger' : 'primary'}
          disabled={isIncomplete}
          isBusy={isBusy}
        >
          {action}
        </Button>
      </DialogActions>
    </>
  )
}
