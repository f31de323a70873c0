import { KeywrightError } from './errors.ts'
import type { Call, CallOptions, Query, Transport } from './transport.ts'

export interface Paging {
  /** From an earlier page's `nextCursor`. */
  cursor?: string | undefined
  /** Items on a page, at most 200. Default 50. */
  limit?: number | undefined
}

/** One page, as answered: the items under the list's own name, and where to go on. */
export type Page<Name extends string, T> = { [name in Name]: T[] } & { nextCursor: string | null }

/**
 * A list that reads page after page as it is iterated: `for await (const key of keywright.keys.list())`.
 * What is added meanwhile never makes it show an item twice or leave one out. `More` is what a page holds beside.
 */
export class Pages<Name extends string, T, More = unknown> implements AsyncIterable<T> {
  readonly #transport: Transport
  readonly #name: Name
  readonly #call: Call

  constructor(transport: Transport, name: Name, path: string, query: Query, options?: CallOptions) {
    this.#transport = transport
    this.#name = name
    this.#call = { method: 'GET', path, query, options }
  }

  /** The first page alone, exactly as answered. */
  page(): Promise<Page<Name, T> & More> {
    return this.#read(this.#call.query)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for await (const page of this.pages()) yield* page[this.#name]
  }

  async *pages(): AsyncGenerator<Page<Name, T> & More> {
    let page = await this.page()
    yield page
    while (page.nextCursor !== null) {
      page = await this.#read({ ...this.#call.query, cursor: page.nextCursor })
      yield page
    }
  }

  async #read(query: Query | undefined): Promise<Page<Name, T> & More> {
    const page = await this.#transport<Page<Name, T> & More>({ ...this.#call, query })
    if (Array.isArray(page[this.#name])) return page
    throw new KeywrightError('unreadable_answer', `The answer has no list of ${this.#name}. Is the address right?`)
  }
}
