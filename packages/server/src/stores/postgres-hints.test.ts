import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, vi } from 'vitest'
import { openHints } from './postgres-hints.ts'

it('a database that gives no hints is tried again and again, and its reason is named once', async () => {
  let asked = 0
  const database = createServer((socket) => {
    asked++
    socket.destroy()
  })
  database.listen(0, '127.0.0.1')
  await once(database, 'listening')
  const { port } = database.address() as AddressInfo
  const reasons: unknown[] = []
  const warn = (_: string, fields?: { error?: unknown }) => void reasons.push(String(fields?.error))
  const hints = openHints(`postgres://keywright@127.0.0.1:${port}/keywright`, { warn })
  hints.listen(() => {})
  await vi.waitUntil(() => asked >= 4, 20_000)
  await hints.close()
  database.close()
  expect(reasons).toEqual([...new Set(reasons)])
  expect(reasons.length).toBeGreaterThan(0)
})
