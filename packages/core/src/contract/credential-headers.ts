import type { Contract } from './contract.ts'

/** Where the contract looks for credentials. */
export function credentialHeaders({ credential }: Pick<Contract, 'credential'>): string[] {
  const names = credential.sources.flatMap((source) => {
    if ('header' in source) return [source.header]
    if ('basic' in source) return ['Authorization']
    return 'idHeader' in source ? [source.idHeader, source.secretHeader] : []
  })
  return [...new Set(names)]
}
