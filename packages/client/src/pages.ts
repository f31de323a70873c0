import { unreadable } from './errors.ts'
import type { CallOptions, Query, Transport } from './transport.ts'

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
  readonly #path: string
  readonly #query: Query
  readonly #options: CallOptions | undefined

  constructor(transport: Transport, name: Name, path: string, query: Query, options?: CallOptions) {
    this.#transport = transport
    this.#name = name
    this.#path = path
    this.#query = query
    this.#options = options
  }

  /** The first page alone, exactly as answered. */
  page(): Promise<Page<Name, T> & More> {
    return this.#read(this.#query)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for await (const page of this.pages()) yield* page[this.#name]
  }

  async *pages(): AsyncGenerator<Page<Name, T> & More> {
    let page = await this.page()
    yield page
    while (page.nextCursor !== null) {
      page = await this.#read({ ...this.#query, cursor: page.nextCursor })
      yield page
    }
  }

  async #read(query: Query): Promise<Page<Name, T> & More> {
    const [path, has, options] = [this.#path, this.#name, this.#options]
    const page = await this.#transport<Record<string, unknown>>({ method: 'GET', path, has, query, options })
    if (Array.isArray(page[has])) return page as Page<Name, T> & More
    throw unreadable(`has no list of ${has}`)
  }
}
