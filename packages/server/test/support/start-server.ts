import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Actor,
  createOrganization,
  createProject,
  type Issued,
  issue,
  type Lifecycle,
  type NewKey,
  revoke,
} from '@keywright/core'
import { readSettings } from '../../src/config/read-settings.ts'
import type { GatewayTimeouts } from '../../src/gateway/gateway.ts'
import { startInstance } from '../../src/main.ts'

export const serviceKey = 'a-service-key-of-the-tests-with-many-characters'
export const tester: Actor = { type: 'system', id: 'tests', triggeredBy: 'api', address: null, requestId: null }

export interface TestServer {
  edge: string
  control: string
  operatorLink: () => Promise<string | null>
  lifecycle: Lifecycle
  /** Where it keeps everything. */
  folder: string
  /** What was logged so far. */
  log: () => string
  /** A key of the organization `acme`, which is made at the start, with a project where the contract asks for one. */
  issue: (input?: Partial<NewKey>) => Promise<Issued>
  /** A key of another organization, made for it; without limits unless it is given some. */
  issueElsewhere: (input?: Partial<NewKey>) => Promise<Issued>
  revoke: (key: string) => Promise<void>
  stop: () => Promise<void>
}

/** A whole instance on ports and a data folder of its own. */
export async function startServer({
  timeouts,
  env = {},
  ...flags
}: {
  contract: string
  upstream?: string
  timeouts?: Partial<GatewayTimeouts>
  env?: Readonly<Record<string, string>>
  [flag: string]: unknown
}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
  const lines: string[] = []
  const settings = await readSettings({
    flags: { port: '0', controlPort: '0', data: 'data', ...(flags as Record<string, string>) },
    env: { KEYWRIGHT_SERVICE_KEY: serviceKey, ...env },
    folder,
  })
  const instance = await startInstance(settings, {
    folder,
    logTo: { write: (line) => void lines.push(line) },
    ...(timeouts && { timeouts }),
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true })
    throw error
  })
  const { lifecycle } = instance
  let organizations = 0
  const found = async (id: string): Promise<{ organization: string; project: string | null }> => {
    await createOrganization(lifecycle, tester, { id, name: id })
    if (lifecycle.contract.boundTo === 'organization') return { organization: id, project: null }
    const { project } = await createProject(lifecycle, tester, { organization: id, name: 'Web' })
    return { organization: id, project: project.id }
  }
  const acme = await found('acme')
  return {
    edge: instance.edge,
    control: instance.control,
    operatorLink: instance.operatorLink,
    lifecycle,
    folder,
    log: () => lines.join(''),
    issue: (input = {}) => issue(lifecycle, tester, { ...acme, name: 'test', ...input }),
    issueElsewhere: async (input = {}) =>
      issue(lifecycle, tester, { ...(await found(`other-${organizations++}`)), name: 'test', limits: [], ...input }),
    async revoke(key) {
      await revoke(lifecycle, tester, key)
    },
    async stop() {
      await instance.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
