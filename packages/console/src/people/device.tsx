import type { DeviceLogin } from '@keywright/client'
import { useMutation } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { CircleCheck, CircleX } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { Button } from '../parts/button.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice, Notice } from '../parts/notice.tsx'
import { Facts } from '../parts/page.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { Entrance } from './entrance.tsx'
import { isFramed } from './is-framed.ts'

/** A login by the device flow (RFC 8628 §3.3): the person compares the code, sees what asks, and decides. */
export function Device() {
  const { user_code: given = '' } = useSearch({ from: '/signed-in/device' })
  const [code, setCode] = useState(given)
  const view = useMutation({ mutationFn: () => keywright.signIn.device(code) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    view.mutate()
  }
  // What is around this page could lie over it, and have somebody press what they do not see.
  if (isFramed) {
    return (
      <Entrance title="Log in a device">
        <p className="text-muted">Open this page by itself: in a frame of another page nothing is let in.</p>
      </Entrance>
    )
  }
  if (view.data) return <Decide code={code} login={view.data} />
  return (
    <Entrance title="Log in a device" lead="Type the code that your terminal or device shows.">
      <form onSubmit={submit} className="space-y-4">
        {view.error && <ErrorNotice error={view.error} />}
        <Field label="Code" hint="Eight letters, with or without the hyphen.">
          {(field) => (
            <Input
              {...field}
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              required
              placeholder="BCDF-GHJK"
              value={code}
              onChange={(event) => setCode(event.target.value)}
              className="h-12 text-center font-mono text-lg tracking-[0.2em] uppercase"
            />
          )}
        </Field>
        <Button type="submit" look="primary" className="w-full" isBusy={view.isPending}>
          Continue
        </Button>
      </form>
    </Entrance>
  )
}

function Decide({ code, login }: { code: string; login: DeviceLogin }) {
  const decide = useMutation({
    mutationFn: (verdict: 'approve' | 'deny') =>
      verdict === 'approve' ? keywright.signIn.approveDevice(code) : keywright.signIn.denyDevice(code),
  })
  const state = decide.data?.state ?? login.state
  if (state !== 'pending') return <Decided state={state} />
  return (
    <Entrance title="Is this you?" lead="Approve only what you started yourself a moment ago.">
      <div className="space-y-5">
        {decide.error && <ErrorNotice error={decide.error} />}
        <div className="rounded-xl border bg-surface">
          <Facts
            facts={[
              [
                'Code',
                <Mono key="code" className="text-lg tracking-widest uppercase">
                  {code}
                </Mono>,
              ],
              [
                'Program',
                <Foreign key="client" className="whitespace-normal">
                  {login.client}
                </Foreign>,
              ],
              [
                'Device',
                login.device === null ? (
                  'not named'
                ) : (
                  <Foreign key="device" className="whitespace-normal">
                    {login.device}
                  </Foreign>
                ),
              ],
              ['From', login.address ?? 'an unknown address'],
              ['Started', <When key="when" time={login.startedAt} />],
              ['It may', login.may],
            ]}
          />
        </div>
        <Notice>Anyone can name a program as they like. Compare the code and the address.</Notice>
        <div className="grid grid-cols-2 gap-2">
          <Button isBusy={decide.isPending} onClick={() => decide.mutate('deny')}>
            Deny
          </Button>
          <Button look="primary" isBusy={decide.isPending} onClick={() => decide.mutate('approve')}>
            Approve
          </Button>
        </div>
      </div>
    </Entrance>
  )
}

function Decided({ state }: { state: DeviceLogin['state'] }) {
  const isIn = state !== 'denied'
  const Icon = isIn ? CircleCheck : CircleX
  return (
    <Entrance title={isIn ? 'It is logged in' : 'It was turned away'}>
      <p role="status" className="flex items-start gap-3 text-muted">
        <Icon size={20} aria-hidden className={`shrink-0 ${isIn ? 'text-good' : 'text-bad'}`} />
        {isIn
          ? 'You can close this page and go back to your terminal. Your account lists what is logged in.'
          : 'Nothing was let in. If you did not start this login, somebody may have sent you their code.'}
      </p>
    </Entrance>
  )
}
