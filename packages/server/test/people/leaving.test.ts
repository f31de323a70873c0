import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onEachDatabase } from '../support/on-each-database.ts'
import { becomeOperator, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { type TestServer, tester } from '../support/start-server.ts'

onEachDatabase((start) => {
  let server: TestServer
  let operator: SignedUp

  beforeAll(async () => {
    server = await start({ contract: 'keywright' })
    operator = await becomeOperator(server)
  })
  afterAll(() => server?.stop())

  async function adminOf(organization: string): Promise<SignedUp> {
    const email = `admin-${crypto.randomUUID()}@example.com`
    const path = `/v1/organizations/${organization}/invitations`
    const { json } = await operator.browser.call('POST', path, { email, role: 'admin' })
    return signUp(server, { email, invitation: tokenOf(json.link) })
  }

  /** Asks while somebody's place is being changed, so that they still had it when they were looked at. */
  async function askWhile<T>({ id }: SignedUp, role: 'member' | null, ask: () => Promise<T>): Promise<T> {
    let asked: Promise<T> | undefined
    const { lifecycle } = server
    const { store } = lifecycle
    let come = () => {}
    const hasCome = new Promise<void>((resolve) => {
      come = resolve
    })
    lifecycle.store = new Proxy(store, {
      get(target, name) {
        if (name === 'transact') come()
        return Reflect.get(target, name)
      },
    })
    const done = store.transact(async (transaction) => {
      const member = await transaction.member('acme', id)
      if (role && member) await transaction.putMember({ ...member, role })
      else await transaction.deleteMember('acme', id)
      const event = { organization: 'acme', target: `acme/${id}`, actor: tester, at: lifecycle.now(), details: {} }
      transaction.record({ action: role ? 'member.updated' : 'member.removed', ...event })
      // Out of this transaction, and until the call has come to where it waits for this one.
      asked = new Promise((resolve, reject) => setImmediate(() => ask().then(resolve, reject)))
      await Promise.race([hasCome, asked])
      await sleep(300)
    })
    await done.finally(() => {
      lifecycle.store = store
    })
    return asked as Promise<T>
  }

  async function keysOf({ id }: SignedUp): Promise<{ name: string }[]> {
    const { items } = await server.lifecycle.store.keys({ organization: 'acme', createdBy: id, limit: 10 })
    return items
  }

  describe.each([
    ['leaves', null, 404],
    ['may only look any more', 'member', 422],
  ] as const)('somebody who %s in that moment', (_, role, status) => {
    it('makes no key', async () => {
      const ann = await adminOf('acme')
      const body = { organization: 'acme', name: 'Late' }
      const answer = await askWhile(ann, role, () => ann.browser.call('POST', '/v1/keys', body))
      expect([answer.status, await keysOf(ann)]).toEqual([status, []])
    })

    it('makes none of many', async () => {
      const ann = await adminOf('acme')
      const keys = [{ organization: 'acme', name: 'Late' }]
      const { json } = await askWhile(ann, role, () => ann.browser.call('POST', '/v1/keys/bulk', { keys }))
      expect([json.refused, await keysOf(ann)]).toEqual([1, []])
    })

    it('changes none', async () => {
      const ann = await adminOf('acme')
      const { json } = await ann.browser.call('POST', '/v1/keys', { organization: 'acme', name: 'Early' })
      const change = () => ann.browser.call('PATCH', `/v1/keys/${json.id}`, { name: 'Late' })
      const answer = await askWhile(ann, role, change)
      expect([answer.status, (await keysOf(ann))[0]?.name]).toEqual([status, 'Early'])
    })
  })
})
