import type { Contract } from '@keywright/client'
import { Checkbox, Choices } from '../parts/field.tsx'
import { Mono } from '../parts/text.tsx'
import { neededBy } from './needed-by.ts'

interface Choice<T> {
  value: T
  onChange: (value: T) => void
}

/** Those to choose from; none where a key can do what its maker can. */
export function offeredPermissions({ permissions }: Pick<Contract, 'permissions'>): string[] {
  return permissions.byMakersRole === null ? Object.keys(permissions.offered) : []
}

/** The least first: nothing is ticked, and everything has to be asked for. */
export function PermissionChoice({
  contract,
  value,
  onChange,
}: { contract: Contract } & Choice<readonly string[] | null>) {
  return (
    <div className="space-y-3">
      <Choices
        legend="Permissions"
        value={value === null ? 'all' : 'some'}
        onChange={(choice) => onChange(choice === 'all' ? null : [])}
        options={[
          { value: 'some', label: 'Only what it needs', hint: 'A leaked key can then do no more than that.' },
          { value: 'all', label: 'Everything', hint: 'Also what the API will offer later.' },
        ]}
      />
      {value !== null && (
        <div className="space-y-2.5 rounded-lg border p-3">
          {Object.entries(contract.permissions.offered).map(([permission, use]) => (
            <Checkbox
              key={permission}
              checked={value.includes(permission)}
              onChange={() => onChange(toggled(value, permission))}
              label={
                <>
                  <Mono>{permission}</Mono> · {use}
                </>
              }
              hint={neededBy(permission, contract).map((route) => (
                <Mono key={route} className="block break-all">
                  {route}
                </Mono>
              ))}
            />
          ))}
        </div>
      )}
    </div>
  )
}

export function NamespaceChoice({
  offered,
  value,
  onChange,
}: { offered: readonly string[] } & Choice<readonly string[]>) {
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">Namespaces</legend>
      <div className="space-y-2 rounded-lg border p-3">
        {offered.map((namespace) => (
          <Checkbox
            key={namespace}
            checked={value.includes(namespace)}
            onChange={() => onChange(toggled(value, namespace))}
            label={<Mono>{namespace}</Mono>}
          />
        ))}
      </div>
    </fieldset>
  )
}

function toggled(list: readonly string[], item: string): string[] {
  return list.includes(item) ? list.filter((other) => other !== item) : [...list, item]
}
