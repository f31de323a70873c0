import type { Key, KeyPatch } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Checkbox, Field, Input } from '../parts/field.tsx'
import { ErrorNotice, fieldError } from '../parts/notice.tsx'
import { exactly } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { usePlace } from '../shell/place.ts'
import { defaultExpiry, expiryOf } from './expiry.ts'
import { ExpiryField } from './expiry-field.tsx'
import { LimitField, limitOf } from './limit-field.tsx'
import { limitsInWords, usualLimits } from './limit-words.ts'
import { offeredPermissions, PermissionChoice } from './reach-fields.tsx'

/** What may be changed about a key without a new secret. Only what was touched is sent. */
export function EditKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const [name, setName] = useState(key.name)
  const [movesExpiry, setMovesExpiry] = useState(false)
  const [expiry, setExpiry] = useState(defaultExpiry)
  const [permissions, setPermissions] = useState<readonly string[] | null>(key.permissions)
  const [own] = key.limits ?? []
  const [limit, setLimit] = useState({
    requests: own ? String(own.requests) : '',
    windowSeconds: own?.windowSeconds ?? 60,
  })
  const [wasLimit] = useState(limit)
  // What one field cannot show, it must not overwrite.
  const hasSimpleLimit = Object.keys(contract.plans).length === 0 && (key.limits?.length ?? 1) === 1
  const change = useAction(async () => {
    const patch: KeyPatch = {
      ...(name !== key.name && { name }),
      ...(movesExpiry && { expiresAt: expiryOf(expiry) }),
      ...(String(permissions) !== String(key.permissions) && { permissions }),
      ...(limit !== wasLimit && { limits: limitOf(limit) }),
    }
    await keywright.keys.update(key.id, patch)
    await queries.invalidateQueries({ queryKey: ['key', key.id] })
    await queries.invalidateQueries({ queryKey: ['keys'] })
    onClose()
  })
  const { error, isBusy } = change
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.run(undefined)
  }
  return (
    <Dialog title="Change the key" description="Its secret stays the same." onClose={onClose} isHeld={isBusy}>
      <form onSubmit={submit} className="contents">
        <DialogBody>
          {error !== null && <ErrorNotice error={error} />}
          <Field label="Name" error={fieldError(error, 'name')}>
            {(field) => (
              <Input
                {...field}
                required
                maxLength={200}
                autoComplete="off"
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          {offeredPermissions(contract).length > 0 && (
            <PermissionChoice contract={contract} value={permissions} onChange={setPermissions} />
          )}
          <Checkbox
            label="Change the expiry"
            hint={key.expiresAt === null ? 'It never expires now.' : `It expires ${exactly(key.expiresAt)} now.`}
            checked={movesExpiry}
            onChange={(event) => setMovesExpiry(event.target.checked)}
          />
          {movesExpiry && <ExpiryField value={expiry} onChange={setExpiry} error={fieldError(error, 'expiresAt')} />}
          {hasSimpleLimit && (
            <LimitField
              value={limit}
              onChange={setLimit}
              usual={limitsInWords(usualLimits(contract, current), contract)}
              error={fieldError(error, 'limits')}
            />
          )}
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isBusy={isBusy}>
            Save changes
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
