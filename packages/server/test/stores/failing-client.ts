import BetterSqlite3 from 'better-sqlite3'

/** A real SQLite client of which chosen statements fail before they reach the database, as they do on a full disk. */
export class FailingClient extends BetterSqlite3 {
  #statement = 0
  #fails: (statement: number) => boolean = () => false

  /** Counts statements from 1 again, and lets those fail that `fails` picks. */
  failWhere(fails: (statement: number) => boolean): void {
    this.#statement = 0
    this.#fails = fails
  }

  #count(): void {
    this.#statement += 1
    if (this.#fails(this.#statement)) throw new Error(`statement ${this.#statement} fails`)
  }

  override exec(source: string): this {
    this.#count()
    return super.exec(source)
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overridden signature depends on its own type parameters
  override prepare(source: string): any {
    const count = () => this.#count()
    return new Proxy(super.prepare(source), {
      get(statement, name) {
        const member = Reflect.get(statement, name, statement)
        if (typeof member !== 'function') return member
        return (...input: unknown[]) => {
          if (name === 'run' || name === 'all' || name === 'get') count()
          return member.apply(statement, input)
        }
      },
    })
  }
}
