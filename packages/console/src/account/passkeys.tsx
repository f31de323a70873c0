import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { Foreign } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { hasPasskeys, isPlaceForPasskeys, makePasskey } from '../people/passkeys.ts'

/** What signs in without a password: a device or a password manager that asks its owner first. */
export function Passkeys() {
  const passkeys = useQuery({
    queryKey: ['passkeys'],
    queryFn: ({ signal }) => keywright.signIn.passkeys({ signal }),
  })
  const [name, setName] = useState('')
  const add = useAction(async (name: string) => {
    const { options } = await keywright.signIn.newPasskeyOptions()
    await keywright.signIn.addPasskey({ name, response: await makePasskey(options) })
    setName('')
    await queries.invalidateQueries({ queryKey: ['passkeys'] })
  })
  const remove = useAction(async (passkey: string) => {
    await keywright.signIn.removePasskey(passkey)
    await queries.invalidateQueries({ queryKey: ['passkeys'] })
  })
  const error = passkeys.error ?? add.error ?? remove.error
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.run(name)
  }
  return (
    <Card title="Passkeys">
      {error !== null && (
        <div className="p-5">
          <ErrorNotice error={error} {...(passkeys.error && { onRetry: () => passkeys.refetch() })} />
        </div>
      )}
      <ul className="divide-y border-b empty:hidden">
        {passkeys.data?.passkeys.map((passkey) => (
          <li key={passkey.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
            <span className="flex min-w-0 flex-1 basis-64 flex-col">
              <Foreign>{passkey.name ?? 'A passkey without a name'}</Foreign>
              <span className="text-muted">
                {passkey.createdAt !== null && (
                  <>
                    added <When time={passkey.createdAt} />
                  </>
                )}
                {passkey.backedUp && ' · kept by a password manager'}
              </span>
            </span>
            <Button isBusy={remove.isBusy} onClick={() => remove.run(passkey.id)}>
              Remove<span className="sr-only"> {passkey.name}</span>
            </Button>
          </li>
        ))}
      </ul>
      {hasPasskeys ? (
        <form onSubmit={submit} className="flex flex-wrap items-end gap-3 px-5 py-4">
          <div className="min-w-0 flex-1 basis-56">
            <Field label="Name of a new passkey">
              {(field) => (
                <Input
                  {...field}
                  required
                  maxLength={200}
                  placeholder="This laptop"
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
          </div>
          <Button type="submit" isBusy={add.isBusy}>
            Add a passkey
          </Button>
        </form>
      ) : (
        <p className="px-5 py-4 text-muted">
          {isPlaceForPasskeys ? (
            'This browser has no passkeys, or is too old to add one here.'
          ) : (
            <>
              Passkeys need the console to have a name: open it at <span className="font-mono">localhost</span>, or with
              https at the domain it has.
            </>
          )}
        </p>
      )}
    </Card>
  )
}
