import { Pool, type PoolClient, type PoolConfig } from 'pg'

/** A real pool of which chosen statements fail on their way to the database, as they do where it is cut. */
export class FailingPool extends Pool {
  #statement = 0
  #fails: (statement: number) => boolean = () => false

  constructor(config: PoolConfig) {
    super(config)
    this.on('connect', (client) => this.#watch(client))
  }

  /** Counts statements from 1 again, and lets those fail that `fails` picks. */
  failWhere(fails: (statement: number) => boolean): void {
    this.#statement = 0
    this.#fails = fails
  }

  #watch(client: PoolClient): void {
    const query = client.query.bind(client) as (...input: unknown[]) => unknown
    const watched = (...input: unknown[]): unknown => {
      this.#statement += 1
      if (!this.#fails(this.#statement)) return query(...input)
      const error = new Error(`statement ${this.#statement} fails`)
      const answer = input.at(-1)
      if (typeof answer !== 'function') return Promise.reject(error)
      return answer(error)
    }
    Object.assign(client, { query: watched })
  }
}
