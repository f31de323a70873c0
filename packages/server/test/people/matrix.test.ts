import { z } from '@hono/zod-openapi'
import { createProject, issue, type Role, setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isProblemCode, problems } from '../../src/control/problems.ts'
import { routes } from '../../src/routes/index.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

/** Everybody who may be at the door, with something in their hand. */
type Who = 'operator' | Role | 'member elsewhere' | 'owner elsewhere' | 'nobody anywhere'
const everybody: Who[] = [
  'operator',
  'owner',
  'admin',
  'member',
  'owner elsewhere',
  'member elsewhere',
  'nobody anywhere',
]

let server: TestServer
const people = {} as Record<Who, SignedUp>

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  const operator = await becomeOperator(server)
  people.operator = operator
  await operator.browser.call('POST', '/v1/organizations', { id: 'globex', name: 'Globex' })
  const invited = async (organization: string, role: Role) => {
    const email = `${role}.${organization}@example.com`
    const { json } = await operator.browser.call('POST', `/v1/organizations/${organization}/invitations`, {
      email,
      role,
    })
    return signUp(server, { email, invitation: tokenOf(json.link) })
  }
  people.owner = await invited('acme', 'owner')
  people.admin = await invited('acme', 'admin')
  people.member = await invited('acme', 'member')
  people['owner elsewhere'] = await invited('globex', 'owner')
  people['member elsewhere'] = await invited('globex', 'member')
  const leaver = await invited('globex', 'admin')
  await operator.browser.call('DELETE', `/v1/organizations/globex/members/${leaver.id}`)
  people['nobody anywhere'] = leaver
})
afterAll(() => server.stop())

/** What a route asks for, with ids of `acme` that are made for one question each. */
async function fresh(): Promise<Record<string, string>> {
  const { lifecycle } = server
  const { project } = await createProject(lifecycle, tester, { organization: 'acme', name: 'Web' })
  const { key } = await issue(lifecycle, tester, { organization: 'acme', name: 'Key' })
  const user = 'usr_00000000000000000000000000'
  await setMember(lifecycle, tester, { organization: 'acme', user, role: 'member' })
  const call = people.operator.browser.call
  const machine = await call('POST', '/v1/service-keys', { name: 'x', permissions: ['verify'], organization: 'acme' })
  const head = await lifecycle.store.head()
  const email = `x${head.number}@example.com`
  const invitation = await call('POST', '/v1/organizations/acme/invitations', { email, role: 'member' })
  return {
    ...{ organization: 'acme', project: project.id, key: key.id, number: '1', serviceKey: machine.json.id, user },
    ...{ receipt: `${head.number}.${head.hash.slice(0, 16)}`, invitation: invitation.json.id, cliToken: 'clt_none' },
  }
}

const bodies: Record<string, (organization: string, ids: Record<string, string>) => unknown> = {
  createOrganization: () => ({ name: 'Another' }),
  updateOrganization: () => ({ name: 'Renamed' }),
  createProject: (organization) => ({ organization, name: 'Web' }),
  createKey: (organization) => ({ organization, name: 'Key' }),
  createKeys: (organization) => ({ keys: [{ organization, name: 'Key' }] }),
  revokeKeys: (_, { key }) => ({ keys: [key] }),
  importKeys: (organization) => ({ keys: [{ organization, name: 'Key', digest: 'f'.repeat(64) }], dryRun: true }),
  updateKey: () => ({ name: 'Renamed' }),
  changeGrace: () => ({ graceSeconds: 0 }),
  createServiceKey: (organization) => ({ organization, name: 'CI', permissions: ['manage'] }),
  updateMember: () => ({ role: 'admin' }),
  createInvitation: () => ({ email: 'someone@example.com', role: 'member' }),
  createPortalSession: (organization) => ({ organization, user: 'ann', role: 'member' }),
  inviteOperator: () => ({ email: 'someone@example.com' }),
}

/** Routes about the caller. */
const ownRoutes = new Set(['listCliTokens', 'revokeCliToken', 'getReceipt', 'listOrganizations'])

const guarded = routes.filter(({ permission }) => permission !== null)

/** What concerns the whole instance, and what machines do: for operators alone, as a new route is until it says otherwise. */
const instanceRoutes = new Set([
  'createOrganization',
  'updateOrganization',
  'deleteOrganization',
  'importKeys',
  ...guarded.filter(({ permission }) => permission !== 'manage').map(({ operationId }) => operationId),
])
/** Routes for service keys alone: what verifiers ask of each other, and what makes a caller somebody else. */
const machineRoutes = new Set([
  'createPortalSession',
  ...guarded.filter(({ permission }) => permission === 'verify').map(({ operationId }) => operationId),
])
const inOrganization = guarded.filter(
  ({ operationId }) =>
    !instanceRoutes.has(operationId) && !ownRoutes.has(operationId) && !machineRoutes.has(operationId),
)

async function ask(who: Who, operationId: string, organization = 'acme') {
  const route = guarded.find((candidate) => candidate.operationId === operationId)
  if (!route) throw new Error(`There is no ${operationId}.`)
  const from = await fresh()
  const method = route.method.toUpperCase()
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => from[name] ?? name)
  const asked = route.query instanceof z.ZodObject ? route.query.shape : {}
  // Who may do it is asked, and 'acme' is needed by the next question.
  const query = [
    ...('organization' in asked ? ['organization=acme'] : []),
    ...('dryRun' in asked ? ['dryRun=true'] : []),
  ]
  const body = bodies[operationId]?.(organization, from)
  const answer = await people[who].browser.call(method, query.length > 0 ? `${path}?${query.join('&')}` : path, body)
  // What asks for many things at once answers each by itself.
  const code: string = answer.status === 200 ? (answer.json.results?.[0]?.problem?.code ?? '') : ''
  return isProblemCode(code) ? { ...answer, status: problems[code].status, json: { code } } : answer
}

const allowed = [200, 201]

describe('in their own organization', () => {
  const matrix = inOrganization.flatMap(({ operationId, method }) =>
    (['operator', 'owner', 'admin', 'member'] as const).map((who) => ({
      who,
      operationId,
      may: who !== 'member' || method === 'get',
    })),
  )

  it.each(matrix.filter(({ may }) => may))('$who may $operationId', async ({ who, operationId }) => {
    const { status, json } = await ask(who, operationId)
    // What the present state does not allow is not a matter of who asks.
    if (status === 409 || status === 404) expect(await ask('operator', operationId)).toMatchObject({ status })
    else expect([operationId, allowed.includes(status), json.code]).toEqual([operationId, true, undefined])
  })

  it.each(matrix.filter(({ may }) => !may))('$who may not $operationId', async ({ who, operationId }) => {
    const { status, json } = await ask(who, operationId)
    expect([status, json.code]).toEqual([403, 'role_missing'])
  })
})

describe('in the organization of others', () => {
  const strangers = ['owner elsewhere', 'member elsewhere', 'nobody anywhere'] as const

  it.each(strangers.flatMap((who) => inOrganization.map(({ operationId }) => ({ who, operationId }))))(
    '$who gets from $operationId what they get of what does not exist',
    async ({ who, operationId }) => {
      const { status, json } = await ask(who, operationId)
      expect([status, json.code]).toEqual([404, 'not_found'])
    },
  )

  it.each(strangers)('%s sees nothing of it in any list', async (who) => {
    const seen = await Promise.all(
      ['/v1/organizations', '/v1/projects', '/v1/keys', '/v1/audit'].map((path) =>
        people[who].browser.call('GET', path),
      ),
    )
    for (const { status, text } of seen) {
      expect(status).toBe(200)
      expect(text).not.toContain('acme')
    }
  })
})

describe('about the instance', () => {
  const matrix = [...instanceRoutes].flatMap((operationId) =>
    everybody.filter((who) => who !== 'operator').map((who) => ({ who, operationId })),
  )

  it.each(matrix)('$who may not $operationId', async ({ who, operationId }) => {
    const { status } = await ask(who, operationId)
    expect([403, 404]).toContain(status)
    if (['owner', 'admin'].includes(who)) expect(status).toBe(403)
  })

  const forPeople = guarded.filter(({ operationId }) => !machineRoutes.has(operationId))

  it.each(forPeople)('the operator may $operationId', async ({ operationId }) => {
    const { status } = await ask('operator', operationId)
    expect([401, 403]).not.toContain(status)
  })
})

describe('for machines', () => {
  it.each(everybody)('%s makes no link that lets in somebody else', async (who) => {
    const { status, json } = await ask(who, 'createPortalSession')
    expect([status, json.code]).toEqual([403, 'permission_missing'])
  })
})

describe('without a credential that is one', () => {
  const sessionRoutes = routes.filter((route) => route.permission === null && route.credentials === 'session')

  it.each(sessionRoutes.filter(({ operationId }) => operationId !== 'signOut'))(
    '$operationId is refused',
    async ({ method, path }) => {
      const { json } = await openBrowser(server).call(method.toUpperCase(), path, method === 'get' ? undefined : {})
      expect(json.code).toBe('not_signed_in')
    },
  )

  it('a session of an account that is gone opens nothing', async () => {
    const { json } = await people.operator.browser.call('POST', '/v1/organizations/globex/invitations', {
      email: 'gone@example.com',
      role: 'owner',
    })
    const gone = await signUp(server, { email: 'gone@example.com', invitation: tokenOf(json.link) })
    await gone.browser.call('POST', '/api/auth/sign-out')
    const { status } = await gone.browser.call('POST', '/v1/keys', { organization: 'globex', name: 'x' })
    expect(status).toBe(401)
    const again = openBrowser(server)
    await again.call('POST', '/api/auth/sign-in/email', { email: 'gone@example.com', password: goodPassword })
    expect((await again.call('POST', '/v1/keys', { organization: 'globex', name: 'x' })).status).toBe(201)
  })
})

describe('from a page of another site', () => {
  const elsewhere = { origin: 'https://evil.example' }
  const changing = routes.filter(
    (route) => route.permission === null && route.method !== 'get' && route.operationId !== 'reportLeaks',
  )

  it.each(changing)('$operationId is refused with a session', async ({ method, path }) => {
    const { status, json } = await people.member.browser.call(method.toUpperCase(), path, {}, elsewhere)
    expect([status, json.code]).toEqual([403, 'foreign_origin'])
  })

  it.each(changing.filter((route) => route.permission === null && route.credentials === 'none'))(
    '$operationId is refused without one, so that nobody is signed in unasked',
    async ({ method, path }) => {
      const { status, json } = await openBrowser(server).call(method.toUpperCase(), path, {}, elsewhere)
      expect([status, json.code]).toEqual([403, 'foreign_origin'])
    },
  )
})
