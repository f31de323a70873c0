import type { Actor } from '../audit/event.ts'
import type { KeyForm } from '../contract/contract.ts'
import type { KeyRecord } from '../key/record.ts'
import { DuplicateError, type Transaction } from '../store/store.ts'
import { firstRecord, issuedForm, type NewKey, placeFor, withinReach } from './issue.ts'
import type { Changed, Lifecycle } from './lifecycle.ts'
import { checkTerms, invalid, isOneLine, refuseOwnDigest } from './terms.ts'

/**
 * A key that callers hold already: its credential, which is digested and forgotten, or its digest. SHA-256 alone is taken
 * over: a slower or weaker digest could not be looked up, and taking one would lower what a stolen database is worth.
 */
export interface ForeignKey extends NewKey {
  secret: { credential: string } | { algorithm: 'sha256'; digest: string; hint?: string }
}

/** @throws LifecycleError, or DuplicateError where the secret is known already */
export async function importKey(lifecycle: Lifecycle, actor: Actor, input: ForeignKey): Promise<Changed> {
  const secret = readSecret(lifecycle, input.secret)
  if (await findSecret(lifecycle, secret)) throw new DuplicateError('digest')
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    importIn(transaction, lifecycle, actor, input, secret),
  )
  return { key: result, change: changes[0] ?? null }
}

/** Also under an older pepper, where the store could not tell: one credential would be two keys. */
export async function findSecret({ store }: Lifecycle, secret: ForeignSecret): Promise<KeyRecord | null> {
  for (const digest of secret.candidates) {
    const found = await store.find(digest)
    if (found) return found.key
  }
  return null
}

/** As part of a larger transaction, with a secret that is known to be new. */
export async function importIn(
  transaction: Transaction,
  lifecycle: Lifecycle,
  actor: Actor,
  input: ForeignKey,
  secret: ForeignSecret,
): Promise<KeyRecord> {
  const { contract } = lifecycle
  const at = lifecycle.now()
  const organization = await placeFor(transaction, lifecycle, input, at)
  const terms = withinReach(input, organization, null)
  checkTerms(terms, contract, organization, at, null)
  const { digest, hint, form } = secret
  const version = { number: 1, digest, hint, createdAt: at, retiresAt: null }
  const key = firstRecord(input, terms, form ?? issuedForm(contract, input), version)
  refuseOwnDigest(terms, key.versions)
  await transaction.putKey(key)
  const { name, kind, environment, project } = key
  const details = { name, hint, kind, environment, project }
  transaction.record({ action: 'key.imported', organization: key.organization, target: key.id, actor, at, details })
  return key
}

/** What is kept of a secret that somebody else made. */
export interface ForeignSecret {
  digest: string
  hint: string
  /** null: a digest does not tell. */
  form: KeyForm | null
  /** All that the same credential may be stored as. */
  candidates: string[]
}

/** @throws LifecycleError */
export function readSecret({ contract, format, digester }: Lifecycle, secret: ForeignKey['secret']): ForeignSecret {
  if ('credential' in secret) {
    const form = contract.key.forms[format.parse(secret.credential)]
    if (!form)
      throw invalid(
        'secret',
        `This is not a key in a form that ${contract.title} accepts; its callers would be refused.`,
      )
    const { credential } = secret
    const candidates = digester.candidates(credential)
    return { digest: digester.digest(credential), hint: format.hint(credential), form, candidates }
  }
  if (secret.algorithm !== 'sha256')
    throw invalid('secret', 'Only SHA-256 digests can be taken over. Rotate the others.')
  if (!/^[0-9a-f]{64}$/.test(secret.digest))
    throw invalid('secret', 'A SHA-256 digest is 64 lower-case hexadecimal characters.')
  const { hint = 'imported' } = secret
  if (hint.length > 40 || format.parse(hint) >= 0 || digester.candidates(hint).includes(secret.digest))
    throw invalid('secret', 'A hint has at most 40 characters and is not the key itself.')
  if (!isOneLine(hint)) throw invalid('secret', 'A hint holds no control characters.')
  return { digest: secret.digest, hint, form: null, candidates: [secret.digest] }
}
