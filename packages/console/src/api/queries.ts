import { type KeyState, KeywrightError, ProblemError, type Role, type Whoami } from '@keywright/client'
import {
  focusManager,
  keepPreviousData,
  MutationCache,
  notifyManager,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { fullPage, pageSize } from './full-page.ts'
import { keywright } from './keywright.ts'
import { readAll } from './read-all.ts'
import { tabStorage } from './tab-storage.ts'

// Of two windows side by side none is ever out of sight, which is all that is looked for by itself.
addEventListener('focus', () => focusManager.onFocus())

// At once: a button is busy before the second click of two comes to it.
notifyManager.setScheduler(queueMicrotask)

export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => queryKey[0] !== 'viewer' && lookForSession(error),
    onSuccess: lookForReturn,
  }),
  mutationCache: new MutationCache({ onMutate: bySameViewer, onError: lookForSession }),
  // Also where the browser thinks it is offline: the server may be on this machine, and an answer says more than waiting.
  defaultOptions: {
    queries: { retry: false, staleTime: 10_000, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
})

/** What would go with something: counted each time that it is asked, and not again once all that has gone. */
export const wouldGo = { staleTime: 'static', gcTime: 0 } as const

/**
 * Read anew as time goes by. Not what could not be read at all: each try would take away what says so, with its button to try
 * again and the focus on it, and say it once more.
 */
export function every(intervalMs: number) {
  return ({ state }: { state: { data: unknown } }) => (state.data === undefined ? false : intervalMs)
}

export const contractQuery = queryOptions({
  queryKey: ['contract'],
  queryFn: ({ signal }) => keywright.contract({ signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** What a link is for. */
export const offerQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: () => keywright.signIn.invitation(token),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })

/** Who works here, and where. */
export interface Viewer {
  id: string
  name: string
  email: string | null
  isOperator: boolean
  roles: Readonly<Record<string, Role>>
  /** Their session is over. What they have open stays: it may show a secret that nothing shows again. */
  hasLeft: boolean
}

/** null: nobody is signed in, nor was. */
export const viewerQuery = queryOptions({
  queryKey: ['viewer'],
  async queryFn({ signal }): Promise<Viewer | null> {
    try {
      const viewer = viewerOf(await keywright.whoami({ signal }))
      const last = lastViewer()
      // Somebody else has signed in in another window: nothing that was read for the one is the other's to see. Loading
      // anew forgets all of it, and the browser asks first where that would lose a secret.
      if (viewer && last && viewer.id !== last.id) {
        isOfAnother = true
        location.reload()
      }
      if (viewer) keepOnlyOf(viewer)
      return viewer
    } catch (error) {
      if (!(error instanceof KeywrightError && error.code === 'missing_credential')) throw error
      const last = lastViewer()
      return last && { ...last, hasLeft: true }
    }
  },
  staleTime: ({ state }) => (state.data?.hasLeft ? 0 : 60_000),
  // Where somebody else may read the same pages, no answer tells that it is they who act here now.
  refetchOnWindowFocus: 'always',
})

/** Until the page has been loaded anew, what it offers was asked for by somebody else than who would do it now. */
let isOfAnother = false

/** What was typed in this tab by another is not the viewer's to see; by the viewer, in a session before, it is. */
function keepOnlyOf({ id }: Viewer): void {
  if (tabStorage.getItem('viewer') === id) return
  tabStorage.clear()
  tabStorage.setItem('viewer', id)
}

/**
 * A click may bring this window to the front, and be there before it is known whether somebody else has signed in in another:
 * what the one meant to do is not done by the other.
 */
export async function bySameViewer(): Promise<void> {
  // It joins the one that is under way.
  if (queries.isFetching({ queryKey: ['viewer'] }) > 0) await queries.fetchQuery({ ...viewerQuery, staleTime: 0 })
  if (isOfAnother)
    throw new Error('Somebody else has signed in in another window. Nothing was done. Load this page again.')
}

function lastViewer(): Viewer | null {
  return queries.getQueryData<Viewer | null>(['viewer']) ?? null
}

/**
 * Asks who is there, and as what, when the server misses a session, which it also does where one is too old for what was
 * asked, or when it refuses: they may have lost the role that offered it.
 */
export function lookForSession(error: unknown): void {
  if (!(error instanceof ProblemError) || ![401, 403, 404].includes(error.status)) return
  // Who is gone is asked for again only where the server knows somebody.
  const last = lastViewer()
  if (last && (error.status !== 401 || !last.hasLeft)) queries.invalidateQueries({ queryKey: ['viewer'] })
}

/** Something was answered after the session had ended: somebody may have signed in in another window. */
function lookForReturn(_data: unknown, { queryKey }: { queryKey: readonly unknown[] }): void {
  if (queryKey[0] !== 'viewer' && lastViewer()?.hasLeft) queries.invalidateQueries({ queryKey: ['viewer'] })
}

function viewerOf(whoami: Whoami): Viewer | null {
  if (whoami.type === 'api_key') return null
  if (whoami.type === 'service_key') {
    const { id, name, organization } = whoami
    const roles: Record<string, Role> = organization === null ? {} : { [organization]: 'owner' }
    return { id, name, email: null, isOperator: organization === null, roles, hasLeft: false }
  }
  const { id, name, email, operator, organizations } = whoami
  return {
    id,
    name,
    email,
    isOperator: operator,
    roles: Object.fromEntries(organizations.map(({ id, role }) => [id, role])),
    hasLeft: false,
  }
}

export interface OrganizationsWanted {
  q?: string | undefined
  cursor?: string | undefined
}

/** A page of those the viewer may see; there are thousands where the viewer is an operator. */
export function organizationsQuery(wanted: OrganizationsWanted = {}) {
  return queryOptions({
    queryKey: ['organizations', wanted],
    queryFn: ({ signal }) => keywright.organizations.list({ ...wanted, limit: pageSize }, { signal }).page(),
    placeholderData: keepPreviousData,
  })
}

/** All that a person is in; only the switcher of who is in more than a page of them asks. */
export const ownOrganizationsQuery = queryOptions({
  queryKey: ['organizations', { isAll: true }],
  queryFn: ({ signal }) => readAll(keywright.organizations.list({ limit: 200 }, { signal })),
})

export function organizationQuery(id: string) {
  return queryOptions({
    queryKey: ['organizations', id],
    queryFn: ({ signal }) => keywright.organizations.get(id, { signal }),
  })
}

export function projectsQuery(organization: string) {
  return queryOptions({
    queryKey: ['projects', organization],
    async queryFn({ signal }) {
      const { items, isAll } = await readAll(keywright.projects.list({ organization, limit: 200 }, { signal }))
      return { projects: items, isAll }
    },
  })
}

export function membersQuery(organization: string) {
  return queryOptions({
    queryKey: ['members', organization],
    async queryFn({ signal }) {
      const { items, isAll } = await readAll(keywright.members.list(organization, { limit: 200 }, { signal }))
      return { members: items, isAll }
    },
  })
}

export function keyQuery(key: string) {
  return queryOptions({
    queryKey: ['key', key],
    queryFn: ({ signal }) => keywright.keys.get(key, { signal }),
  })
}

export interface KeysWanted {
  organization: string
  project?: string | undefined
  state?: KeyState | undefined
  q?: string | undefined
  order: KeyOrder
  direction: 'asc' | 'desc'
  cursor?: string | undefined
}

export type KeyOrder = 'created' | 'name' | 'lastUsed' | 'expires'

/** One page; while the next one comes, the one before stays in sight. */
export function keysQuery(wanted: KeysWanted) {
  return queryOptions({
    queryKey: ['keys', wanted],
    queryFn: ({ signal }) =>
      fullPage(
        wanted.cursor,
        (part) => keywright.keys.list({ ...wanted, ...part }, { signal }).page(),
        ({ keys }) => keys,
      ),
    placeholderData: keepPreviousData,
  })
}
