import type { KeyState } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { projectsQuery } from '../api/queries.ts'
import { Select } from '../parts/field.tsx'
import type { Typed } from '../parts/kept.ts'
import { SearchField } from '../parts/search-field.tsx'
import { visible } from '../parts/text.tsx'
import { capitalized } from '../shell/words.ts'
import { states } from './key-list-search.ts'

export interface KeyFiltersProps {
  organization: string
  text: Typed
  state: KeyState | ''
  within: string
  hasProjects: boolean
  onState: (state: KeyState | '') => void
  onWithin: (project: string) => void
}

export function KeyFilters({ organization, text, state, within, hasProjects, onState, onWithin }: KeyFiltersProps) {
  const { data: projects } = useQuery({ ...projectsQuery(organization), enabled: hasProjects })
  return (
    <div className="mb-4 flex flex-wrap gap-2">
      <SearchField label="Search by name, hint or id" {...text} />
      {hasProjects && (
        <Select
          aria-label="Project"
          className="w-44 max-sm:flex-1"
          value={within}
          onChange={(event) => onWithin(event.target.value)}
        >
          <option value="">All projects</option>
          {projects?.projects.map(({ id, name }) => (
            <option key={id} value={id}>
              {visible(name)}
            </option>
          ))}
        </Select>
      )}
      <Select
        aria-label="State"
        className="w-36 max-sm:flex-1"
        value={state}
        onChange={(event) => onState(event.target.value as KeyState | '')}
      >
        <option value="">Any state</option>
        {states.map((state) => (
          <option key={state} value={state}>
            {capitalized(state)}
          </option>
        ))}
      </Select>
    </div>
  )
}
