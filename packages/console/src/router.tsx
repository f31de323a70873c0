import { KeywrightError } from '@keywright/client'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { contractQuery, organizationQuery, organizationsQuery, queries, viewerQuery } from './api/queries.ts'
import { auditSearch } from './audit/audit-search.ts'
import { keyListSearch } from './keys/key-list-search.ts'
import { keptIn } from './parts/kept.ts'
import { providerProblems } from './people/provider-problems.ts'
import { Crashed, NotFound } from './shell/failures.tsx'
import { safeReturn } from './shell/return-to.ts'
import { Shell } from './shell/shell.tsx'
import { SignedIn } from './shell/signed-in.tsx'
import { usageSearch } from './usage/read-usage.ts'

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Crashed })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  loader: () => queries.ensureQueryData(contractQuery),
  validateSearch: ({ to, problem }: Record<string, unknown>): { to?: string | undefined; problem?: string } => ({
    // Also where it is undefined: what is left out here stays as the address has it.
    to: safeReturn(to),
    ...(typeof problem === 'string' && Object.hasOwn(providerProblems, problem) && { problem }),
  }),
  async beforeLoad({ search: { to = '/', problem } }) {
    // Of a server that is away the form itself says so.
    const viewer = await queries.ensureQueryData(viewerQuery).catch(() => null)
    if (viewer?.hasLeft === false && problem === undefined) throw redirect({ href: to, replace: true })
  },
  component: lazyRouteComponent(() => import('./people/sign-in.tsx'), 'SignIn'),
})

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  loader: () => queries.ensureQueryData(contractQuery),
  component: lazyRouteComponent(() => import('./people/join.tsx'), 'Join'),
})

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./people/forgot-password.tsx'), 'ForgotPassword'),
})

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  component: lazyRouteComponent(() => import('./people/reset-password.tsx'), 'ResetPassword'),
})

const portal = createRoute({
  getParentRoute: () => root,
  path: '/portal',
  component: lazyRouteComponent(() => import('./people/portal.tsx'), 'Portal'),
})

/** Everything that needs someone signed in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  async beforeLoad({ location }) {
    const [known] = await Promise.all([queries.ensureQueryData(viewerQuery), queries.ensureQueryData(contractQuery)])
    // They may have signed in again in another window.
    const viewer = known?.hasLeft ? await queries.fetchQuery(viewerQuery) : known
    if (!viewer || viewer.hasLeft) throw toSignIn(location.href)
  },
  component: SignedIn,
})

function toSignIn(from: string) {
  return redirect({ to: '/sign-in', search: from === '/' ? {} : { to: from } })
}

/** Their session may end after the page has learnt who they are. */
async function orSignIn<T>(asked: Promise<T>, from: string): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof KeywrightError && error.code === 'missing_credential')) throw error
    const viewer = await queries.fetchQuery({ ...viewerQuery, staleTime: 0 })
    throw !viewer || viewer.hasLeft ? toSignIn(from) : error
  }
}

const device = createRoute({
  getParentRoute: () => signedIn,
  path: '/device',
  validateSearch: ({ user_code }: Record<string, unknown>): { user_code?: string } =>
    typeof user_code === 'string' ? { user_code } : {},
  component: lazyRouteComponent(() => import('./people/device.tsx'), 'Device'),
})

const shell = createRoute({ getParentRoute: () => signedIn, id: 'shell', component: Shell })

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  async beforeLoad({ location }) {
    // Asked anew: who has come from one that is gone would be led back to it.
    const asked = queries.fetchQuery({ ...organizationsQuery(), staleTime: 0 })
    const { organizations } = await orSignIn(asked, location.href)
    const [first] = organizations
    if (first) throw redirect({ to: '/$organization/keys', params: { organization: first.id }, replace: true })
    const viewer = await queries.ensureQueryData(viewerQuery)
    if (viewer?.isOperator) throw redirect({ to: '/instance/organizations', replace: true })
  },
  component: lazyRouteComponent(() => import('./shell/nowhere.tsx'), 'Nowhere'),
})

const organization = createRoute({
  getParentRoute: () => shell,
  path: '/$organization',
  async loader({ params, location }) {
    try {
      await orSignIn(queries.ensureQueryData(organizationQuery(params.organization)), location.href)
    } catch (error) {
      throw error instanceof KeywrightError && error.code === 'not_found' ? notFound() : error
    }
  },
})

const keys = createRoute({
  getParentRoute: () => organization,
  path: '/keys',
  validateSearch: keyListSearch,
  beforeLoad: keptIn,
  component: lazyRouteComponent(() => import('./keys/keys-page.tsx'), 'KeysPage'),
})

const key = createRoute({
  getParentRoute: () => organization,
  path: '/keys/$key',
  component: lazyRouteComponent(() => import('./keys/key-page.tsx'), 'KeyPage'),
})

const projects = createRoute({
  getParentRoute: () => organization,
  path: '/projects',
  component: lazyRouteComponent(() => import('./projects/projects-page.tsx'), 'ProjectsPage'),
})

const project = createRoute({
  getParentRoute: () => organization,
  path: '/projects/$project',
  validateSearch: keyListSearch,
  beforeLoad: keptIn,
  component: lazyRouteComponent(() => import('./projects/project-page.tsx'), 'ProjectPage'),
})

const members = createRoute({
  getParentRoute: () => organization,
  path: '/members',
  component: lazyRouteComponent(() => import('./people/members-page.tsx'), 'MembersPage'),
})

const usage = createRoute({
  getParentRoute: () => organization,
  path: '/usage',
  validateSearch: usageSearch,
  component: lazyRouteComponent(() => import('./usage/usage-page.tsx'), 'UsagePage'),
})

const hygiene = createRoute({
  getParentRoute: () => organization,
  path: '/hygiene',
  component: lazyRouteComponent(() => import('./hygiene/hygiene-page.tsx'), 'HygienePage'),
})

const limits = createRoute({
  getParentRoute: () => organization,
  path: '/limits',
  component: lazyRouteComponent(() => import('./limits/limits-page.tsx'), 'LimitsPage'),
})

const audit = createRoute({
  getParentRoute: () => organization,
  path: '/audit',
  validateSearch: auditSearch,
  beforeLoad: keptIn,
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
})

const authentication = createRoute({
  getParentRoute: () => organization,
  path: '/authentication',
  component: lazyRouteComponent(() => import('./authentication/authentication-page.tsx'), 'AuthenticationPage'),
})

const instance = createRoute({
  getParentRoute: () => shell,
  path: '/instance',
  async beforeLoad() {
    const viewer = await queries.ensureQueryData(viewerQuery)
    if (!viewer?.isOperator) throw notFound()
  },
})

const organizations = createRoute({
  getParentRoute: () => instance,
  path: '/organizations',
  beforeLoad: keptIn,
  component: lazyRouteComponent(() => import('./instance/organizations-page.tsx'), 'OrganizationsPage'),
})

const serviceKeys = createRoute({
  getParentRoute: () => instance,
  path: '/service-keys',
  component: lazyRouteComponent(() => import('./instance/service-keys-page.tsx'), 'ServiceKeysPage'),
})

const people = createRoute({
  getParentRoute: () => instance,
  path: '/people',
  component: lazyRouteComponent(() => import('./people/people-page.tsx'), 'PeoplePage'),
})

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(() => import('./account/account-page.tsx'), 'AccountPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    join,
    forgotPassword,
    resetPassword,
    portal,
    signedIn.addChildren([
      device,
      shell.addChildren([
        home,
        account,
        instance.addChildren([organizations, serviceKeys, people]),
        organization.addChildren([
          ...[keys, key, projects, project, members, authentication],
          ...[usage, hygiene, limits, audit],
        ]),
      ]),
    ]),
  ]),
  defaultPreload: 'intent',
  // What a page remembers, such as the keys chosen on it, belongs to the organization or project that its address names.
  defaultRemountDeps: ({ params }) => params,
  scrollRestoration: false,
  // What a page does not take goes from the address before anything reads it.
  search: { strict: true },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
