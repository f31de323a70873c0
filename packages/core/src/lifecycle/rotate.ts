import type { Actor } from '../audit/event.ts'
import { type KeyRecord, type SecretVersion, stateAt, worksAt } from '../key/record.ts'
import { mint } from './issue.ts'
import { type Changed, changeKey, type Issued, type Lifecycle, LifecycleError, refuseRevoked } from './lifecycle.ts'
import { invalid } from './terms.ts'

/** Secrets kept with a key, so that the use of an old one can still be told apart from that of a stranger's. */
const mostVersions = 20

export interface Rotated extends Issued {
  /** Older secrets that go on working, until then. */
  retiring: readonly SecretVersion[]
}

/**
 * Adds a secret version. No older secret works longer than `graceSeconds` from now, and none longer than it would have:
 * 0 ends them all at once, and rotating again inside a grace never lengthens it. Of rotations at the same time each ends
 * or retires the secret of the one before, so exactly one secret is current.
 *
 * @throws LifecycleError `conflict` for a revoked or expired key, `invalid` above the contract's longest grace
 */
export async function rotate(
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  { graceSeconds = 0 }: { graceSeconds?: number } = {},
): Promise<Rotated> {
  checkGrace(lifecycle, graceSeconds)
  let credential = ''
  const { key, change } = await changeKey(lifecycle, actor, id, (key, at) => {
    refuseRevoked(key)
    if (stateAt(key, at) === 'expired') {
      throw new LifecycleError('conflict', 'This key has expired. Set a later expiry first, or create another key.')
    }
    const end = new Date(at.getTime() + graceSeconds * 1000)
    const older = key.versions.map((version) => retire(version, earlier(version.retiresAt, end), at))
    const minted = mint(lifecycle, key, nextNumber(key), at)
    credential = minted.credential
    const versions = [...keep(older, at), minted.version]
    return {
      key: { ...key, versions },
      action: 'key.rotated',
      details: {
        version: minted.version.number,
        hint: minted.version.hint,
        retiring: describe(retiring(versions, at)),
      },
    }
  })
  return { key, credential, change: change as Issued['change'], retiring: retiring(key.versions, lifecycle.now()) }
}

/**
 * Gives an old secret that still works another deadline: at once, earlier or later, at most the contract's longest grace
 * from now. A secret that has ended stays so.
 * @throws LifecycleError
 */
export async function changeGrace(
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  number: number,
  graceSeconds: number,
): Promise<Changed> {
  checkGrace(lifecycle, graceSeconds)
  return changeKey(lifecycle, actor, id, (key, at) => {
    refuseRevoked(key)
    const version = key.versions.find((candidate) => candidate.number === number)
    if (!version) throw new LifecycleError('not_found', `This key has no secret version ${number}.`)
    if (!version.retiresAt)
      throw new LifecycleError('conflict', 'This is the current secret. Rotate the key to replace it.')
    if (!worksAt(version, at)) throw new LifecycleError('conflict', 'This secret has ended, and that is final.')
    const retiresAt = new Date(at.getTime() + graceSeconds * 1000)
    return {
      key: { ...key, versions: key.versions.map((it) => (it === version ? retire(it, retiresAt, at) : it)) },
      action: 'key.grace_changed',
      details: { version: number, hint: version.hint, retiresAt: retiresAt.toISOString() },
    }
  })
}

function checkGrace({ contract }: Lifecycle, graceSeconds: number): void {
  const { title, rotation } = contract
  const most = rotation.maxGraceSeconds
  if (Number.isInteger(graceSeconds) && graceSeconds >= 0 && graceSeconds <= most) return
  if (most === 0)
    throw invalid('graceSeconds', `${title} has no grace: an old secret ends at once. Write 0, or leave it out.`)
  throw invalid('graceSeconds', `The grace is a whole number of seconds from 0 to ${most}.`)
}

/** A deadline that has come ends the secret for good. */
export function retire(version: SecretVersion, retiresAt: Date, now: Date): SecretVersion {
  const retired = { ...version, retiresAt }
  return worksAt(retired, now) ? retired : { ...retired, ended: true }
}

export function retiring(versions: readonly SecretVersion[], now: Date): SecretVersion[] {
  return versions.filter((version) => version.retiresAt !== null && worksAt(version, now))
}

export function keep(versions: readonly SecretVersion[], now: Date): readonly SecretVersion[] {
  const live = versions.filter((version) => worksAt(version, now))
  if (live.length >= mostVersions) {
    throw new LifecycleError(
      'conflict',
      `${live.length} secrets of this key still work. End the oldest before rotating again.`,
    )
  }
  const surplus = Math.max(0, versions.length + 1 - mostVersions)
  const dropped = versions.filter((version) => !live.includes(version)).slice(0, surplus)
  return versions.filter((version) => !dropped.includes(version))
}

function describe(versions: readonly SecretVersion[]) {
  return versions.map(({ number, hint, retiresAt }) => ({ version: number, hint, retiresAt: retiresAt?.toISOString() }))
}

export function nextNumber(key: KeyRecord): number {
  return Math.max(...key.versions.map(({ number }) => number)) + 1
}

function earlier(deadline: Date | null, end: Date): Date {
  return deadline && deadline < end ? deadline : end
}
