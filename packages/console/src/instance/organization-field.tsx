import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { contractQuery, organizationsQuery } from '../api/queries.ts'
import { Field, Input, Select } from '../parts/field.tsx'
import { visible } from '../parts/text.tsx'
import { useSettled } from '../parts/use-settled.ts'

interface OrganizationFieldProps {
  /** An id; '': all. */
  value: string
  error: string | undefined
  onText: (id: string) => void
}

/** One organization or all: chosen from a list, or found by name where there are too many for one. */
export function OrganizationField({ value, error, onText }: OrganizationFieldProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const q = useSettled(value.trim())
  const { data: first } = useQuery(organizationsQuery())
  const isLong = first !== undefined && first.nextCursor !== null
  const { data: found } = useQuery({ ...organizationsQuery({ q: q || undefined }), enabled: isLong })
  const list = useId()
  const noun = contract.docs.organization
  const options = (isLong ? found : first)?.organizations.map(({ id, name }) => (
    <option key={id} value={id}>
      {visible(name)}
    </option>
  ))
  if (isLong) {
    return (
      <Field label="For" hint={`The id of one ${noun}; left empty, all that there are and will be.`} error={error}>
        {(field) => (
          <>
            <Input
              {...field}
              list={list}
              autoComplete="off"
              placeholder="The whole instance"
              value={value}
              onChange={(event) => onText(event.target.value)}
            />
            <datalist id={list}>{options}</datalist>
          </>
        )}
      </Field>
    )
  }
  return (
    <Field label="For" hint={`One ${noun} alone, or all that there are and will be.`} error={error}>
      {(field) => (
        <Select {...field} value={value} onChange={(event) => onText(event.target.value)}>
          <option value="">The whole instance</option>
          {options}
        </Select>
      )}
    </Field>
  )
}
