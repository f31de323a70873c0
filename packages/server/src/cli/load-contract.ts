import type { Contract } from '@keywright/core'
import { Option } from 'commander'

/** The option of every command that needs no server, only to know what keys look like. */
export function contractOption(): Option {
  return new Option('--contract <name or file>', 'how your API does API keys').default(
    // As for a server, an empty variable is one that is not set.
    process.env.KEYWRIGHT_CONTRACT || 'keywright',
    'KEYWRIGHT_CONTRACT, or keywright',
  )
}

/** @throws StartError that names the fields at fault */
export async function loadContract(nameOrFile: string): Promise<Contract> {
  const { readContract } = await import('../config/read-contract.ts')
  return readContract(nameOrFile, process.cwd())
}
