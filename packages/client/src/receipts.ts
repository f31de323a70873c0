import { type CallOptions, path, type Transport } from './transport.ts'

/** Which nodes have applied a change, and which have not yet. */
export interface Receipt {
  receipt: string
  /** The change's number in the audit log. */
  change: number
  appliedBy: { node: string; appliedAt: string }[]
  pending: string[]
  complete: boolean
}

export class Receipts {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  get(receipt: string, options?: CallOptions): Promise<Receipt> {
    return this.#transport({ method: 'GET', path: path`/v1/receipts/${receipt}`, has: 'appliedBy', options })
  }
}
