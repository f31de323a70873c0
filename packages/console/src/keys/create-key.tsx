import type { Organization } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, projectsQuery, queries } from '../api/queries.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Field, Select } from '../parts/field.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { visible } from '../parts/text.tsx'
import { NameField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'
import { useHold } from '../parts/use-hold.ts'
import { capitalized } from '../shell/words.ts'
import { defaultExpiry, expiryOf } from './expiry.ts'
import { ExpiryField } from './expiry-field.tsx'
import { kindInWords } from './kinds.ts'
import { LimitField, type LimitText, limitOf } from './limit-field.tsx'
import { limitsInWords, usualLimits } from './limit-words.ts'
import { MakersReach } from './makers-reach.tsx'
import { NamespaceChoice, offeredPermissions, PermissionChoice } from './reach-fields.tsx'
import { Reveal } from './reveal.tsx'

export interface CreateKeyProps {
  organization: Organization
  project?: string | undefined
  onClose: () => void
}

export function CreateKey({ organization, project: given, onClose }: CreateKeyProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { data: projects } = useQuery({ ...projectsQuery(organization.id), enabled: contract.boundTo === 'project' })
  const [name, setName] = useState('')
  const [chosen, setProject] = useState(given)
  const [form, setForm] = useState(contract.forms[0])
  const [expiry, setExpiry] = useState(defaultExpiry)
  const offered = offeredPermissions(contract)
  const [permissions, setPermissions] = useState<readonly string[] | null>(offered.length > 0 ? [] : null)
  const offersNamespaces = contract.namespaces !== null && !contract.oneKeyPerOrganization
  const offeredNamespaces = offersNamespaces ? organization.namespaces : null
  const [namespaces, setNamespaces] = useState<readonly string[]>(offeredNamespaces ?? [])
  const [limit, setLimit] = useState<LimitText>({ requests: '', windowSeconds: 60 })

  const project = contract.boundTo === 'project' ? (chosen ?? projects?.projects[0]?.id) : undefined
  const create = useAction(async () => {
    const limits = limitOf(limit)
    const expiresAt = expiryOf(expiry)
    const created = await keywright.keys.create({
      ...{ organization: organization.id, project, name },
      ...(form && { environment: form.environment, kind: form.kind }),
      ...(permissions && { permissions }),
      ...(offeredNamespaces && { namespaces }),
      ...(expiresAt !== null && { expiresAt }),
      ...(limits && { limits }),
    })
    // Not waited for: the secret is in sight before the page behind it is true again.
    void queries.invalidateQueries({ queryKey: ['keys'] })
    return created
  })
  const { result, error, isBusy } = create
  useHold(isBusy)

  if (result) {
    return (
      <Dialog title={`“${visible(result.name)}” is ready`} onClose={onClose} isHeld isWide>
        <Reveal credential={result.credential} onDone={onClose} />
      </Dialog>
    )
  }
  const environments = [...new Set(contract.forms.map(({ environment }) => environment))]
  const kinds = contract.forms.filter(({ environment }) => environment === form?.environment).map(({ kind }) => kind)
  const choose = (environment: string, kind: string) =>
    setForm(
      contract.forms.find((one) => one.environment === environment && one.kind === kind) ??
        contract.forms.find((one) => one.environment === environment),
    )
  const needsChoice = permissions !== null && permissions.length === 0
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title="Create API key"
      description={`For ${visible(organization.name)}.`}
      action={needsChoice ? 'Choose a permission' : 'Create API key'}
      isIncomplete={needsChoice}
      onSubmit={() => create.run(undefined)}
    >
      <NameField
        hint="Where it will be used. The audit log shows it."
        placeholder="production-backend"
        value={name}
        onText={setName}
        error={fieldError(error, 'name')}
      />
      {contract.boundTo === 'project' && (
        <Field label="Project" hint="The key acts on this project alone." error={fieldError(error, 'project')}>
          {(field) => (
            <Select {...field} required value={project ?? ''} onChange={(event) => setProject(event.target.value)}>
              {projects?.projects.map(({ id, name }) => (
                <option key={id} value={id}>
                  {visible(name)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {contract.forms.length > 1 && form && (
        <div className="grid gap-4 sm:grid-cols-2">
          {environments.length > 1 && (
            <Field label="Environment">
              {(field) => (
                <Select {...field} value={form.environment} onChange={(event) => choose(event.target.value, form.kind)}>
                  {environments.map((environment) => (
                    <option key={environment} value={environment}>
                      {capitalized(environment)}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          )}
          {kinds.length > 1 && (
            <Field label="Kind">
              {(field) => (
                <Select {...field} value={form.kind} onChange={(event) => choose(form.environment, event.target.value)}>
                  {kinds.map((kind) => (
                    <option key={kind} value={kind}>
                      {kindInWords(kind)}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          )}
        </div>
      )}
      {offered.length > 0 && <PermissionChoice contract={contract} value={permissions} onChange={setPermissions} />}
      {contract.permissions.byMakersRole && <MakersReach organization={organization} contract={contract} />}
      {offeredNamespaces && <NamespaceChoice offered={offeredNamespaces} value={namespaces} onChange={setNamespaces} />}
      <ExpiryField value={expiry} onChange={setExpiry} error={fieldError(error, 'expiresAt')} />
      {Object.keys(contract.plans).length === 0 && (
        <LimitField
          value={limit}
          onChange={setLimit}
          usual={limitsInWords(usualLimits(contract, organization), contract)}
          error={fieldError(error, 'limits')}
        />
      )}
    </FormDialog>
  )
}
