import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { IconButton } from './button.tsx'
import { focusContent } from './content.ts'

export interface DialogProps {
  title: string
  description?: ReactNode
  onClose: () => void
  /** Esc and the close button do nothing: something in it would be lost. */
  isHeld?: boolean
  isWide?: boolean
  children: ReactNode
}

/** Of a form alone: what only asks whether to go on has fields too, and none that has to be filled in. */
const firstField = 'form :is(input:not([type=radio]), input[type=radio]:checked, select, textarea):enabled'

/** The browser's own modal dialog: it keeps the focus in, and the page behind it inert. */
export function Dialog({ title, description, onClose, isHeld = false, isWide = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const opener = document.activeElement
    const dialog = ref.current
    if (dialog && !dialog.open) {
      dialog.showModal()
      // The browser would choose the button that closes it.
      dialog.querySelector<HTMLElement>(firstField)?.focus()
    }
    // The browser gives the focus back where a dialog is closed, but not where it is taken away.
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
      else focusContent()
    }
  }, [])
  return (
    <dialog
      ref={ref}
      tabIndex={-1}
      aria-labelledby={`${id}-title`}
      aria-describedby={description ? `${id}-text` : undefined}
      closedby={isHeld ? 'none' : undefined}
      onCancel={(event) => {
        event.preventDefault()
        if (!isHeld) onClose()
      }}
      // Where the browser does not know `closedby`, a second Esc closes it past `cancel`.
      onClose={() => (isHeld ? ref.current?.showModal() : onClose())}
      className={`m-auto max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] ${isWide ? 'max-w-2xl' : 'max-w-lg'} overflow-x-hidden overflow-y-auto rounded-2xl border bg-surface shadow-pop outline-none open:flex open:flex-col`}
    >
      <header className="flex items-start gap-4 px-6 pt-5">
        <div className="min-w-0 flex-1">
          <h2 id={`${id}-title`} className="text-lg font-semibold">
            {title}
          </h2>
          {description && (
            <div id={`${id}-text`} className="mt-1 text-muted">
              {description}
            </div>
          )}
        </div>
        {!isHeld && (
          <IconButton label="Close" onClick={onClose} className="-mt-1 -mr-2">
            <X size={16} aria-hidden />
          </IconButton>
        )}
      </header>
      {children}
    </dialog>
  )
}

/** Scrolls by itself, so that the buttons stay in sight; where the window is too low for that, the whole dialog does. */
export function DialogBody({ children }: { children: ReactNode }) {
  return (
    <div className="min-h-0 flex-auto space-y-5 overflow-y-auto px-6 py-5 [@media(max-height:30rem)]:flex-none [@media(max-height:30rem)]:overflow-visible">
      {children}
    </div>
  )
}

export function DialogActions({ children }: { children: ReactNode }) {
  return (
    <footer className="flex flex-wrap-reverse justify-end gap-2 border-t max-sm:*:grow bg-canvas px-6 py-4">
      {children}
    </footer>
  )
}
