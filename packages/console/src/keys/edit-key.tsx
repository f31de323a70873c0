import type { Key, KeyPatch } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Checkbox } from '../parts/field.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { NameField } from '../parts/text-field.tsx'
import { exactly } from '../parts/time-words.ts'
import { useAction } from '../parts/use-action.ts'
import { usePlace } from '../shell/place.ts'
import { defaultExpiry, expiryOf } from './expiry.ts'
import { ExpiryField } from './expiry-field.tsx'
import { isShowable, LimitField, limitOf } from './limit-field.tsx'
import { limitsInWords, usualLimits } from './limit-words.ts'
import { offeredPermissions, PermissionChoice } from './reach-fields.tsx'

/** What may be changed about a key without a new secret. Only what was touched is sent. */
export function EditKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  // The page goes on reading the key: what somebody else changes meanwhile is no change of this form.
  const [was] = useState(key)
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
  const hasPlans = Object.keys(contract.plans).length > 0
  const change = useAction(async () => {
    const patch: KeyPatch = {
      ...(name !== was.name && { name }),
      ...(movesExpiry && { expiresAt: expiryOf(expiry) }),
      ...(String(permissions) !== String(was.permissions) && { permissions }),
      ...(limit !== wasLimit && { limits: limitOf(limit) }),
    }
    await keywright.keys.update(key.id, patch)
    await queries.invalidateQueries({ queryKey: ['key', key.id] })
    await queries.invalidateQueries({ queryKey: ['keys'] })
    onClose()
  })
  const { error, isBusy } = change
  // Where it could do nothing before, its name can still be changed.
  const needsChoice = permissions?.length === 0 && was.permissions?.length !== 0
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title="Change the key"
      description="Its secret stays the same."
      action={needsChoice ? 'Choose a permission' : 'Save changes'}
      isIncomplete={needsChoice}
      onSubmit={() => change.run(undefined)}
    >
      <NameField value={name} onText={setName} error={fieldError(error, 'name')} />
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
      {key.limits !== null && !isShowable(key.limits) && (
        <p className="text-muted">
          Its own limits stay: {limitsInWords(key.limits, contract).toLowerCase()}. They are changed through the API.
        </p>
      )}
      {!hasPlans && (key.limits === null || isShowable(key.limits)) && (
        <LimitField
          value={limit}
          onChange={setLimit}
          usual={limitsInWords(usualLimits(contract, current), contract)}
          error={fieldError(error, 'limits')}
        />
      )}
    </FormDialog>
  )
}
