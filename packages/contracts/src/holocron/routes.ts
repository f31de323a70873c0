import { soleHeader } from '@keywright/core'
import { askAgain } from '../routes/ask-again.ts'
import type { ContractRoutes, CreateRoutes, EdgeAnswer, EdgeRequest, SignedInPeople } from '../routes/edge-routes.ts'
import { orRefused, Refused } from '../routes/refused.ts'
import { compileTable, type OwnRoute } from '../routes/table.ts'
import { callsOfKey } from './as-key.ts'
import { callsOfPerson, loginEnded } from './as-person.ts'
import { type Calls, newKey, newProject } from './calls.ts'

const at = { createdAt: '2026-11-20T08:00:00.000Z' }
const projectExample = { projectId: 'prj_…', name: 'Website' }
const newKeyExample = { id: 'key_…', name: 'CI', prefix: 'k3Jd9aQz' }

const routes: readonly OwnRoute<Calls>[] = [
  {
    method: 'GET',
    path: '/api/v0/me',
    about: 'Who is calling, and which organizations and projects they reach. A key reaches its own project.',
    answers: {
      status: 200,
      body: {
        user: null,
        orgs: [{ id: 'acme', name: 'Acme', role: 'member', projects: [{ ...projectExample, ...at }] }],
      },
    },
    handle: (calls) => calls.me(),
  },
  {
    method: 'GET',
    path: '/api/v0/projects',
    about: 'The projects that the caller reaches.',
    answers: { status: 200, body: { projects: [{ ...projectExample, orgId: 'acme', orgName: 'Acme', ...at }] } },
    handle: (calls) => calls.listProjects(),
  },
  {
    method: 'POST',
    path: '/api/v0/projects',
    about:
      'Makes a project. Only people may, signed in from a terminal; without `orgId` in the first organization they joined that they may change.',
    takes: newProject,
    answers: { status: 200, body: projectExample },
    handle: (calls) => calls.createProject(),
  },
  {
    method: 'GET',
    path: '/api/v0/keys',
    about: 'The keys of the projects that the caller reaches, without those that are revoked.',
    answers: {
      status: 200,
      body: {
        keys: [
          { ...newKeyExample, projectId: projectExample.projectId, ...at, lastUsedAt: '2026-11-20T09:00:00.000Z' },
        ],
      },
    },
    handle: (calls) => calls.listKeys(),
  },
  {
    method: 'POST',
    path: '/api/v0/keys',
    about: 'Makes a key, which is shown in this answer and never again. A key makes others for its own project alone.',
    takes: newKey,
    answers: { status: 200, body: { ...newKeyExample, key: 'holo_…' } },
    handle: (calls) => calls.createKey(),
  },
  {
    method: 'DELETE',
    path: '/api/v0/keys/{id}',
    about: 'Ends a key of a project that the caller reaches.',
    answers: { status: 200, body: { id: newKeyExample.id } },
    handle: (calls, { id = '' }) => calls.deleteKey(id),
  },
]
const table = compileTable(routes)

const create: CreateRoutes = (deps) => {
  const { verifier, people } = deps

  const devicePaths = new Map<string, 'code' | 'token'>(
    people
      ? [
          ['/api/auth/device/code', 'code'],
          ['/api/auth/device/token', 'token'],
        ]
      : [],
  )

  async function asPerson(people: SignedInPeople, token: string, request: EdgeRequest): Promise<EdgeAnswer> {
    const { method, path, requestId } = request
    return orRefused(verifier, requestId, async () => {
      const enter = async () => {
        const person = await people.authenticate(token)
        if (!person) throw loginEnded()
        return person
      }
      const person = await enter()
      return table.handle(method, path, callsOfPerson({ ...deps, people }, person, askAgain(request, enter)))
    })
  }

  return {
    owns: (path) => devicePaths.has(path) || table.has(path),
    async answer(request) {
      const { method, path, attempt, requestId } = request
      const call = devicePaths.get(path)
      if (people && call) {
        return orRefused(verifier, requestId, async () => {
          if (method !== 'POST') throw new Refused('not_found', 'Use POST here.')
          return people.device[call](await deviceCall(request))
        })
      }
      const token = soleBearer(attempt)
      if (people && token !== null && people.isCliToken(token)) return asPerson(people, token, request)
      const outcome = await verifier.verify(attempt)
      request.decided(outcome)
      if (!outcome.allowed) return verifier.refuse(outcome, { requestId })
      const { principal } = outcome
      if (principal === null) throw new Error(`${path} belongs to nobody: a key is needed to act on it.`)
      const calls = callsOfKey(deps, principal, request)
      const answer = await orRefused(verifier, requestId, () => table.handle(method, path, calls))
      return { ...answer, headers: { ...answer.headers, ...asRecord(verifier.responseHeaders(outcome)) } }
    },
  }
}

/** The management API. What is not in its table is the upstream's. */
export const holocronRoutes: ContractRoutes = { create, credential: 'api_key', notes: routes }

/** Name, value, name, value, … */
function asRecord(headers: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let at = 0; at < headers.length; at += 2)
    record[(headers[at] as string).toLowerCase()] = headers[at + 1] as string
  return record
}

const mostDeviceBytes = 8 * 1024

async function deviceCall(request: EdgeRequest) {
  const { attempt, requestId } = request
  const body = await request.readBody(mostDeviceBytes)
  if (body === null) throw new Refused('payload_too_large')
  const contentType = soleHeader(attempt.headers, 'content-type') ?? null
  return { contentType, body: new TextDecoder().decode(body), address: attempt.ip ?? null, requestId }
}

/** Told apart by its form alone from a key, which the verifier judges; two of them, or anything else, are its to refuse. */
function soleBearer({ headers }: EdgeRequest['attempt']): string | null {
  return /^bearer +([\x21-\x7e]+)$/i.exec(soleHeader(headers, 'authorization') ?? '')?.[1] ?? null
}
