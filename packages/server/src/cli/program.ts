import { createRequire } from 'node:module'
import { Command } from 'commander'
import { addAudit } from './commands/audit.ts'
import { addCompletion } from './commands/completion.ts'
import { addContract } from './commands/contract.ts'
import { addDoctor } from './commands/doctor.ts'
import { addKeys } from './commands/keys.ts'
import { addOrganizations } from './commands/organizations.ts'
import { addProjects } from './commands/projects.ts'
import { addScan } from './commands/scan.ts'
import { addScanRules } from './commands/scan-rules.ts'
import { addServe } from './commands/serve.ts'
import { addServiceKeys } from './commands/service-keys.ts'
import { addWhoami } from './commands/whoami.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

export function createProgram(): Command {
  const program = new Command('keywright')
    .description('API keys for any HTTP API: issue, verify, limit, rotate and revoke them')
    .version(version)
    // What goes wrong is said in one place, with the exit code that is promised for it.
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      '\nTalks to KEYWRIGHT_URL (default http://127.0.0.1:8788) with KEYWRIGHT_SERVICE_KEY.\nExit codes: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not found, 5 timed out.',
    )
  addServe(program)
  addOrganizations(program)
  addProjects(program)
  addKeys(program)
  addServiceKeys(program)
  addAudit(program)
  addWhoami(program)
  addDoctor(program)
  addContract(program)
  addScan(program)
  addScanRules(program)
  addCompletion(program)
  return program
}
