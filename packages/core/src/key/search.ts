import type { KeyRecord } from './record.ts'

const mostSorted = 64
const mostSearched = 400

/** What a list by name is ordered by: upper and lower case together, and of a very long name its beginning. */
export function sortNameOf({ name }: Pick<KeyRecord, 'name'>): string {
  return name
    .toLowerCase()
    .slice(0, mostSorted)
    .replace(/[\ud800-\udbff]$/, '')
}

/** What a key is found by: its name, its id and what people may see of its secrets, newest first. */
export function searchTextOf({ id, name, versions }: Pick<KeyRecord, 'id' | 'name' | 'versions'>): string {
  const hints = versions.map(({ hint }) => hint).reverse()
  return [name, id, ...hints]
    .join(' ')
    .toLowerCase()
    .slice(0, mostSearched)
    .replace(/[\ud800-\udbff]$/, '')
}

export function hintOf({ versions }: Pick<KeyRecord, 'versions'>): string {
  return versions.at(-1)?.hint ?? ''
}
