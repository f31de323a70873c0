import { type RefusalFacts, refusalNames } from '@keywright/core'
import { compileRefusals } from '../../core/src/contract/render.ts'
import { builtIn } from '../src/index.ts'

const facts: RefusalFacts = {
  requestId: 'req_abc123',
  retryAfter: 12,
  limit: 100,
  windowSeconds: 60,
  namespace: 'staging',
  organization: 'acme-corp',
  permission: 'sandboxes:write',
}

/** What `spec/` says about the contracts, by file: each as data, and each of its refusals as it is sent, given these facts. */
export function specFiles(): Map<string, unknown> {
  const files = new Map<string, unknown>()
  for (const [name, contract] of Object.entries(builtIn)) {
    const render = compileRefusals(contract)
    const rows = Object.fromEntries(refusalNames.map((row) => [row, render(row, facts)]))
    files.set(`spec/contracts/${name}.json`, contract)
    files.set(`spec/refusals/${name}.json`, { facts, rows })
  }
  return files
}
