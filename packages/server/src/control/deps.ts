import type { Counters, Lifecycle, Verifier } from '@keywright/core'
import type { CliTokens } from '../access/cli-tokens.ts'
import type { ServiceKeys } from '../access/service-keys.ts'
import type { AwaitHead } from '../feed/head-watch.ts'
import type { Confirmations } from '../feed/nodes.ts'
import type { Logger } from '../log/logger.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import type { Checkout } from '../stripe/checkout.ts'
import type { StripeWebhook } from '../stripe/webhook.ts'
import type { Usage } from '../usage/usage.ts'
import type { CallStore } from './calls.ts'

/** What the control side is made of. All of it is given; nothing is read from the environment. */
export interface ControlDeps {
  /** Holds the published store, the contract and the clock. */
  lifecycle: Lifecycle
  verifier: Verifier
  serviceKeys: ServiceKeys
  cliTokens: CliTokens
  /** null: people cannot sign in to this instance. */
  signIn: SignIn | null
  /** Where the API itself is reached from outside. */
  edge(): string
  /** Every node of this instance refuses a revoked key within this time; 0: there is one, which does so at once. */
  revocationSeconds: number
  /** null: no events of Stripe are taken. */
  stripe: StripeWebhook | null
  /** null: nothing is sold here. */
  checkout: Checkout | null
  /** Remembers calls with an `Idempotency-Key`. */
  calls: CallStore
  /** What has been used. */
  usage: Pick<Usage, 'counts' | 'decisions' | 'callers' | 'lastUses' | 'keysByUse' | 'dropped' | 'month'>
  /** Whether a text has a credential in it: such a request id would stand in the audit log for good. */
  hasCredential: (text: string) => boolean
  /** Who has applied a change. */
  nodes: Confirmations
  logger: Pick<Logger, 'error'>
}

/** The same with what the control side makes for itself. */
export interface ControlParts extends ControlDeps {
  /** Of leak reports, which anyone can make. */
  leakReports: Counters
  /** Until something changes. */
  awaitHead: AwaitHead
}
