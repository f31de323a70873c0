import { relative } from 'node:path'
import type { Contract, Issued } from '@keywright/core'

export interface Welcome {
  edge: string
  control: string
  contract: Contract
  issued: Pick<Issued, 'key' | 'credential'>
  /** null: it is in the environment. */
  serviceKeyFile: string | null
  /** Makes an operator of who opens it; null: there is one. */
  operatorLink: string | null
  /** Of the API behind the edge; null: the built-in echo. */
  upstream: string | null
}

/** What someone who has just typed `npm start` needs to see: where it is, and three lines to paste. */
export function welcome({ edge, control, contract, issued, serviceKeyFile, operatorLink, upstream }: Welcome): string {
  const { key, credential } = issued
  const { method, path } = contract.docs.example
  const verb = method === 'GET' ? '' : ` -X ${method}`
  const ask = (value: string) => `curl -i${verb} ${edge}${path} -H '${headerWith(contract, value)}'`
  const serviceKey = serviceKeyFile === null ? '$KEYWRIGHT_SERVICE_KEY' : `$(cat '${relative('.', serviceKeyFile)}')`
  const revoke = `curl -i -X POST ${control}/v1/keys/${key.id}/revoke -H "Authorization: Bearer ${serviceKey}"`
  return `
Keywright is running.

  edge      ${edge}   in front of ${upstream ?? 'a built-in echo; name your API with: npm start -- --upstream <url>'}
  control   ${control}   the management API
  key       ${credential}   of the organization "${key.organization}"
${operatorLink === null ? '' : `  console   ${operatorLink}   open it once, within an hour: it makes you the operator\n`}
Paste these, one after the other:

  # allowed: 200
  ${ask(credential)}

  # another key, refused: 401
  ${ask(`${contract.key.forms[0]?.prefix}nobody-has-this-key`)}

  # revoke the key, then it is refused: 401
  ${revoke} && ${ask(credential)}

Stop with ctrl-c. What was made stays; the next start gives the key a new secret.

`
}

/** How a caller presents a credential where the contract likes it best. */
function headerWith({ credential: { sources } }: Contract, value: string): string {
  for (const source of sources) {
    if ('header' in source) return `${source.header}: ${source.scheme ? `${source.scheme} ` : ''}${value}`
  }
  return `Authorization: Bearer ${value}`
}
