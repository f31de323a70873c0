import { parseContract } from '@keywright/core'
import { expect, it } from 'vitest'
import { curl, curlLine } from './languages.ts'
import { exampleRequest } from './sending.ts'

it('lines for curl hold nothing that a shell takes for more than text, at a terminal too', () => {
  const docs = { example: { path: '/v1/a!b?c="$HOME\\d`e' } }
  const credential = { sources: [{ header: 'X-Key' }] }
  const contract = parseContract({ name: 'odd', key: { forms: [{ prefix: "odd!'" }] }, credential, docs })
  const request = exampleRequest(contract, 'http://a')
  expect(curl(request)).toBe(`curl -i "http://a/v1/a"'!'"b?c=\\"\\$HOME\\\\d"'\`'"e" \\\n  -H "X-Key: $ODD_API_KEY"`)
  expect(curlLine(request, { ODD_API_KEY: "odd!'key" })).toBe(
    `curl -i 'http://a/v1/a!b?c="$HOME'\\\\'d\`e' -H 'X-Key: odd!'\\''key'`,
  )
})
