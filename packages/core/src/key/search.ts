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

/** What a key is found by beside its id: its name and what people may see of its secrets, newest first. */
export function searchTextOf({ name, versions }: Pick<KeyRecord, 'name' | 'versions'>): string {
  const hints = versions.map(({ hint }) => hint).reverse()
  return searched([name, ...hints])
}

/** What an organization is found by. */
export function organizationTextOf({ id, name }: { id: string; name: string }): string {
  return searched([id, name])
}

/** Whether `q` is a part of that, in any case. */
export function findsOrganization(q: string, organization: { id: string; name: string }): boolean {
  return organizationTextOf(organization).includes(q.toLowerCase())
}

function searched(parts: readonly string[]): string {
  return parts
    .join(' ')
    .toLowerCase()
    .slice(0, mostSearched)
    .replace(/[\ud800-\udbff]$/, '')
}

/** Whether what is searched for is an id or the beginning of one, and no hint: that has an ellipsis. */
export function looksLikeId(q: string): boolean {
  return /^key_[0-9a-z]*$/i.test(q)
}

export function hintOf({ versions }: Pick<KeyRecord, 'versions'>): string {
  return versions.at(-1)?.hint ?? ''
}
