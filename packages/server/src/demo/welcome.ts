import { relative } from 'node:path'
import type { Contract, Issued } from '@keywright/core'
import { curlLine, shellWord } from '../docs/languages.ts'
import { exampleRequest, variablesFor } from '../docs/sending.ts'

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
  const request = exampleRequest(contract, edge)
  const own = variablesFor(contract, credential)
  const { variable } = request
  const nobodys = 'nobody-has-this-key'
  const others = { ...own, [variable]: `${contract.key.forms[0]?.prefix}${nobodys}`, [`${variable}_SECRET`]: nobodys }
  const allowed = curlLine(request, own)
  const serviceKey =
    serviceKeyFile === null ? '$KEYWRIGHT_SERVICE_KEY' : `$(cat ${shellWord(relative('.', serviceKeyFile))})`
  const revoke = `curl -i -X POST ${control}/v1/keys/${key.id}/revoke -H "Authorization: Bearer ${serviceKey}"`
  return `
Keywright is running.

  edge      ${edge}   in front of ${upstream ?? 'a built-in echo; name your API with: npm start -- --upstream <url>'}
  control   ${control}   the management API
  key       ${credential}   of the organization "${key.organization}"
${operatorLink === null ? '' : `  console   ${operatorLink}   open it once, within an hour: it makes you the operator\n`}
Paste these, one after the other:

  # allowed: 200
  ${allowed}

  # another key, refused: 401
  ${curlLine(request, others)}

  # revoke the key, then it is refused: 401
  ${revoke} && ${allowed}

Stop with ctrl-c. What was made stays; the next start gives the key a new secret.

`
}
