import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { TextField } from '../parts/text-field.tsx'

/** After the password: the code of the app, or one of those kept for when it is lost. */
export function SecondStep({ onDone, onBack }: { onDone: () => Promise<void>; onBack: () => void }) {
  const [isLost, setLost] = useState(false)
  const [code, setCode] = useState('')
  const finish = useMutation({
    mutationFn: () => keywright.signIn.withCode(isLost ? { recoveryCode: code.trim() } : { code: code.trim() }),
    onSuccess: onDone,
    onError: () => setCode(''),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    finish.mutate()
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      {finish.error && <ErrorNotice error={finish.error} />}
      <TextField
        key={String(isLost)}
        label={isLost ? 'Recovery code' : 'Code'}
        hint={
          isLost ? 'One of those you kept when you turned this on. Each works once.' : 'From your authenticator app.'
        }
        autoComplete="one-time-code"
        inputMode={isLost ? 'text' : 'numeric'}
        autoFocus
        required
        spellCheck={false}
        value={code}
        onText={setCode}
        className="font-mono"
      />
      <Button type="submit" look="primary" className="w-full" isBusy={finish.isPending}>
        Continue
      </Button>
      <Button
        look="ghost"
        className="w-full"
        onClick={() => {
          setLost(!isLost)
          setCode('')
        }}
      >
        {isLost ? 'Use the app' : 'I do not have the app'}
      </Button>
      <Button look="ghost" className="w-full" onClick={onBack}>
        Start again
      </Button>
    </form>
  )
}
