import type { SecondFactorEnrolment } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { CopyBox } from '../parts/copy-box.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { ErrorNotice, Notice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Mono } from '../parts/text.tsx'
import { PasswordField, TextField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { useHold } from '../parts/use-hold.ts'
import { QrCode } from './qr-code.tsx'

type Open = 'enrol' | 'renew' | 'disable' | null

/** Codes of an authenticator app beside the password. */
export function SecondFactor() {
  const { data, error, refetch } = useQuery({
    queryKey: ['second-factor'],
    queryFn: ({ signal }) => keywright.signIn.secondFactor({ signal }),
  })
  const [open, setOpen] = useState<Open>(null)
  const close = () => {
    setOpen(null)
    return queries.invalidateQueries({ queryKey: ['second-factor'] })
  }
  return (
    <Card title="Second factor">
      {error && (
        <div className="p-5">
          <ErrorNotice error={error} onRetry={() => refetch()} />
        </div>
      )}
      {data && (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-4">
          <p className="min-w-0 flex-1 basis-64 text-muted">
            {data.enabled ? (
              <>
                <Badge tone="good">On</Badge> Signing in with your password asks for a code of your app.
              </>
            ) : (
              'An authenticator app makes your password alone worth nothing to whoever finds it.'
            )}
          </p>
          {data.enabled && <Button onClick={() => setOpen('renew')}>New recovery codes</Button>}
          {/* One button for both: the focus that a dialog gives back to it stays when the one has become the other. */}
          <Button onClick={() => setOpen(data.enabled ? 'disable' : 'enrol')}>
            {data.enabled ? 'Turn off' : 'Turn on'}
          </Button>
        </div>
      )}
      {open === 'enrol' && <Enrol onClose={close} />}
      {open === 'renew' && <Renew onClose={close} />}
      {open === 'disable' && <Disable onClose={close} />}
    </Card>
  )
}

function Enrol({ onClose }: { onClose: () => void }) {
  const enrol = useAction((password: string) => keywright.signIn.enrolSecondFactor(password))
  const confirm = useAction((code: string) => keywright.signIn.confirmSecondFactor(code))
  useHold(confirm.isBusy)
  if (enrol.result && confirm.result) return <Codes codes={enrol.result.recoveryCodes} onClose={onClose} />
  if (enrol.result) {
    return (
      <Confirm
        enrolment={enrol.result}
        error={confirm.error}
        isBusy={confirm.isBusy}
        onCode={confirm.run}
        onClose={onClose}
      />
    )
  }
  return <AskPassword title="Turn on the second factor" action="Continue" {...enrol} onClose={onClose} />
}

function Renew({ onClose }: { onClose: () => void }) {
  const renew = useAction((password: string) => keywright.signIn.renewRecoveryCodes(password))
  useHold(renew.isBusy)
  if (renew.result) return <Codes codes={renew.result.recoveryCodes} onClose={onClose} />
  return <AskPassword title="New recovery codes" action="Replace the old ones" {...renew} onClose={onClose} />
}

function Disable({ onClose }: { onClose: () => void }) {
  const disable = useAction(async (password: string) => {
    await keywright.signIn.disableSecondFactor(password)
    onClose()
  })
  return <AskPassword title="Turn off the second factor" action="Turn off" {...disable} onClose={onClose} />
}

interface AskPasswordProps {
  title: string
  action: string
  run: (password: string) => Promise<void>
  isBusy: boolean
  error: unknown
  onClose: () => void
}

function AskPassword({ title, action, run, isBusy, error, onClose }: AskPasswordProps) {
  const [password, setPassword] = useState('')
  const submit = () => {
    run(password)
    setPassword('')
  }
  return (
    <FormDialog {...{ title, action, isBusy, error, onClose }} onSubmit={submit}>
      <PasswordField label="Your password" value={password} onText={setPassword} />
    </FormDialog>
  )
}

interface ConfirmProps {
  enrolment: SecondFactorEnrolment
  error: unknown
  isBusy: boolean
  onCode: (code: string) => Promise<void>
  onClose: () => void
}

function Confirm({ enrolment: { uri, secret }, error, isBusy, onCode, onClose }: ConfirmProps) {
  const [code, setCode] = useState('')
  const submit = () => {
    onCode(code.trim())
    setCode('')
  }
  return (
    <FormDialog {...{ isBusy, error, onClose }} title="Scan this with your app" action="Turn on" onSubmit={submit}>
      <QrCode text={uri} label="QR code for the authenticator app" />
      <p className="text-muted">Or type this secret into it. It is not shown again.</p>
      <CopyBox label="The secret" text={secret} action="Copy secret" />
      <TextField
        label="Code"
        hint="The six digits that the app shows now."
        autoComplete="one-time-code"
        inputMode="numeric"
        pattern="\d{6}"
        required
        value={code}
        onText={setCode}
        className="font-mono"
      />
    </FormDialog>
  )
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Dialog title="Your recovery codes" onClose={onClose} isHeld>
      <ShownOnce what="these codes" onDone={onClose}>
        <Notice title="This is the only time they are shown.">Each lets you in once where the app is lost.</Notice>
        <ul
          aria-label="Recovery codes"
          className="grid grid-cols-2 gap-x-4 gap-y-1 rounded-lg border bg-raised px-4 py-3"
        >
          {codes.map((code) => (
            <li key={code}>
              <Mono>{code}</Mono>
            </li>
          ))}
        </ul>
        <CopyButton text={codes.join('\n')} label="Copy codes" />
      </ShownOnce>
    </Dialog>
  )
}
