import { askAgain } from '../routes/ask-again.ts'
import type { ContractRoutes, CreateRoutes } from '../routes/edge-routes.ts'
import { orRefused } from '../routes/refused.ts'
import { compileTable } from '../routes/table.ts'
import { adminRoutes } from './admin.ts'
import { onboardRoutes } from './onboard.ts'
import { serviceActor } from './service-key.ts'

const routes = [...onboardRoutes, ...adminRoutes]
const table = compileTable(routes)

const create: CreateRoutes = (deps) => {
  return {
    owns: (path) => path === '/gate' || path.startsWith('/gate/'),
    answer: (request) =>
      orRefused(deps.verifier, request.requestId, async () => {
        const enter = () => serviceActor(deps, request)
        const actor = await enter()
        return table.handle(request.method, request.path, { ...deps, request: askAgain(request, enter), actor })
      }),
  }
}

/** `/gate/*`, for machines with a service key: tenants are made, their keys rotated, their plans and namespaces changed. */
export const holonomixRoutes: ContractRoutes = { create, credential: 'service_key', notes: routes }
