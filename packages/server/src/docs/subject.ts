import type { Contract } from '@keywright/core'

/** What is documented: one contract, as one instance runs it. */
export interface Subject {
  contract: Contract
  /** Addresses as seen from outside, without a slash at their end. */
  edge: string
  control: string
}

export interface Page {
  /** `limits`: the name of its files, without their endings. */
  name: string
  title: string
  /** One sentence. */
  about: string
  markdown: string
}

/**
 * Whose key an example is run with, and in what state. The word stands behind the language of an example, where
 * `keywright docs test` reads it.
 */
export const situations = [
  'accepted',
  'missing_credential',
  'repeated_credential',
  'invalid_credential',
  'organization_suspended',
  'organization_unpaid',
  'forbidden',
  'forbidden_address',
  'namespace_forbidden',
  'rate_limited',
  'quota_exceeded',
  'rotating',
  'whoami',
  'service_key',
] as const

export type Situation = (typeof situations)[number]

/** Whose name stands in what is printed, and when it is. */
export const printedNowMs = Date.UTC(2026, 10, 20, 8)
export const printedOrganization = 'acme'
