import type { Contract } from '@keywright/core'
import { Option } from 'commander'
import { readContract } from '../config/read-contract.ts'

/** The option of every command that needs no server, only to know what keys look like. */
export function contractOption(): Option {
  return new Option('--contract <name or file>', 'how your API does API keys')
    .env('KEYWRIGHT_CONTRACT')
    .default('keywright')
}

/** @throws StartError that names the fields at fault */
export function loadContract(nameOrFile: string): Promise<Contract> {
  return readContract(nameOrFile, process.cwd())
}
