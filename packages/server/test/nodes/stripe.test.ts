import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { testPostgres } from '../support/postgres.ts'
import { startNode } from '../support/start-node.ts'
import { startServer } from '../support/start-server.ts'
import { checkout, sendStripe, stripeEnv, stripeNow, subscription } from '../support/stripe.ts'

/** Two addresses of one instance, which Stripe's events reach by turns. */
interface Doors {
  one: string
  two: string
  stop(): Promise<unknown>
}

const instances: Record<string, () => Promise<Doors>> = {
  async 'one node on SQLite'() {
    const { control, stop } = await startServer({ contract: 'holonomix', env: stripeEnv })
    return { one: control, two: control, stop }
  },
  async 'two nodes on PostgreSQL'() {
    const postgres = await testPostgres()
    const database = await postgres.createDatabase()
    const start = () => startNode(database, { KEYWRIGHT_CONTRACT: 'holonomix', ...stripeEnv })
    const one = await start()
    const two = await start()
    return {
      one: one.control,
      two: two.control,
      stop: async () => {
        await Promise.all([one.stop(), two.stop()])
        await postgres.stop()
      },
    }
  },
}

describe.each(Object.entries(instances))('events that come at once, to %s,', (_, start) => {
  let doors: Doors

  beforeAll(async () => {
    doors = await start()
  }, 60_000)
  afterAll(() => doors?.stop(), 60_000)

  const toOne = async (event: object) => (await sendStripe(doors.one, event)).status
  const toTwo = async (event: object) => (await sendStripe(doors.two, event)).status
  const tenant = async (id: string) => {
    const { plan, state } = (await controlApi(doors.one)('GET', `/v1/organizations/${id}`)).json
    return { plan, state }
  }
  const tenants = (name: string) => Array.from({ length: 10 }, (_, index) => `${name}-${index}`)

  it.each(tenants('bought'))('leave what the newest says: %s', async (id) => {
    const unpaid = subscription(id, { price: 'price_builder', status: 'past_due' })
    expect(await Promise.all([toOne(checkout(id)), toTwo(unpaid)])).toEqual([200, 200])
    expect(await tenant(id)).toEqual({ plan: 'builder', state: 'unpaid' })
  })

  it.each(tenants('told-twice'))('leave one tenant, which its subscription ends: %s', async (id) => {
    const bought = checkout(id)
    expect(await Promise.all([toOne(bought), toTwo(bought), toOne(bought)])).toEqual([200, 200, 200])
    const [older, newer] = [stripeNow() + 1, stripeNow() + 2]
    const changes = [
      toTwo(subscription(id, { price: 'price_builder', created: newer })),
      toOne(subscription(id, { price: 'price_pro', created: older })),
    ]
    expect(await Promise.all(changes)).toEqual([200, 200])
    expect(await tenant(id)).toEqual({ plan: 'builder', state: 'active' })
    expect(await toOne(subscription(id, { type: 'deleted', status: 'canceled', created: newer }))).toBe(200)
    expect((await tenant(id)).state).toBe('suspended')
  })
})
