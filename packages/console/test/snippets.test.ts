import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Keywright } from '@keywright/client'
import { expect, it } from 'vitest'
import { startEcho } from '../../server/src/demo/echo.ts'
import { pasted } from '../../server/test/support/pasted.ts'
import { startServer } from '../../server/test/support/start-server.ts'
import { snippets } from '../src/keys/snippets.ts'

it.each([
  [
    'whose key goes into two headers',
    {
      key: {
        publicId: { length: 8, separator: '~' },
        forms: [{ prefix: 'odd_', kind: 'publishable' }, { prefix: 'odd_secret_' }],
      },
      credential: { sources: [{ idHeader: 'X-Id', secretHeader: 'X-Secret' }] },
    },
  ],
  [
    'whose example has a body, and an address that a shell would take apart',
    {
      key: { forms: [{ prefix: "it's_$HOME" }] },
      credential: { sources: [{ header: 'X-Key' }] },
      namespaces: { body: { under: '/v1' } },
      docs: { example: { method: 'POST', path: "/v1/things!x?a[0]=1&b=it's$HOME`id`" } },
    },
  ],
])('the lines beside a new key of an API %s reach it', async (_, odd) => {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-snippets-'))
  const file = join(folder, 'odd.json')
  writeFileSync(file, JSON.stringify({ name: 'odd', ...odd }))
  const echo = await startEcho()
  const server = await startServer({ contract: file, upstream: echo.url.href })
  const { credential } = await server.issue({ kind: 'secret' })
  const contract = await new Keywright({ url: server.control }).contract()
  const shown = new Map(snippets(contract, credential).map(({ label, code }) => [label, code]))
  expect([...shown.keys()]).toEqual(['curl', 'TypeScript', 'Python', 'Go', '.env'])

  expect((await pasted(shown.get('curl') ?? '')()).status).toBe(200)
  const held =
    shown
      .get('.env')
      ?.split('\n')
      .map((line) => line.split('=')) ?? []
  // The instance that it asks runs in this process, which must not stand still.
  const args = ['--input-type=module', '--eval', shown.get('TypeScript') ?? '']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: Object.fromEntries(held) })
  expect(stdout).toMatch(/^200 /)

  await server.stop()
  echo.close()
  rmSync(folder, { recursive: true })
})

it('a key in the lines for curl holds nothing that a shell takes for more than text, at a terminal too', () => {
  const [curl] = snippets(
    {
      credential: { sources: [{ header: 'X-Key' }], whenSeveral: 'refuse' },
      forms: [],
      docs: {
        ...{ variable: 'ODD_KEY', organization: 'organization', example: { method: 'GET', path: '/' } },
        snippets: [{ label: 'curl', code: 'curl -i "http://a" \\\n  -H "X-Key: $ODD_KEY"' }],
      },
    },
    'odd!`"$key',
  )
  expect(curl?.code).toBe(`curl -i "http://a" \\\n  -H "X-Key: odd"'!'""'\`'"\\"\\$key"`)
})
