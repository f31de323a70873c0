import type { ButtonHTMLAttributes, ComponentProps, ReactNode } from 'react'
import { focusContent } from './content.ts'

type Look = 'primary' | 'secondary' | 'ghost' | 'danger'

const looks: Readonly<Record<Look, string>> = {
  primary: 'border-transparent bg-ink text-inverse hover:opacity-85',
  secondary: 'border-line bg-surface text-ink hover:bg-raised',
  ghost: 'border-transparent text-muted hover:bg-raised hover:text-ink',
  danger: 'border-transparent bg-bad-strong text-white hover:opacity-90',
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  icon?: ReactNode
  /** It is being done: cannot be pressed twice, and keeps the focus, which a disabled button loses. */
  isBusy?: boolean
}

/** A border that is not seen is, where the system sets all colours. */
export function buttonClass(look: Look = 'secondary'): string {
  return `inline-flex h-9 shrink-0 items-center justify-center gap-2 rounded-lg border px-3 font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50 aria-disabled:opacity-50 ${looks[look]}`
}

export function Button({ look, icon, isBusy = false, className = '', children, ...rest }: ButtonProps) {
  const isOff = isBusy || rest['aria-disabled'] === true
  return (
    <button
      type="button"
      {...rest}
      ref={passOnFocus}
      aria-disabled={isOff || undefined}
      aria-busy={isBusy || undefined}
      onClick={isOff ? (event) => event.preventDefault() : rest.onClick}
      // Held down for long, Enter would press again what it has done.
      onKeyDown={(event) => event.repeat && event.key === 'Enter' && event.preventDefault()}
      className={`${buttonClass(look)} ${className}`}
    >
      {icon}
      {children}
    </button>
  )
}

/** A button may go with what it ends, such as the row it is in. */
function passOnFocus(button: HTMLButtonElement | null) {
  return () => {
    if (document.activeElement === button) focusContent()
  }
}

/** Says with its name what its picture shows. */
export function IconButton({ label, className = '', ...rest }: { label: string } & ComponentProps<'button'>) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={`inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-muted transition-colors hover:bg-raised hover:text-ink ${className}`}
    />
  )
}
