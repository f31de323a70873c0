/** A pepper as far as others may know it: `fingerprint` tells it from another, and nothing of its value. */
export interface KnownPepper {
  id: string
  fingerprint: string
}

/** What is known of the peppers of an instance, beside those that this process was given. */
export interface PeppersInUse {
  /** Those that digests of this instance may have been made under. */
  known: readonly KnownPepper[]
  /** Of each node that runs: the fingerprints of its peppers, the current one first. */
  nodes: readonly { node: string; fingerprints: readonly string[] }[]
}

export interface PepperStore {
  /**
   * To be asked before anything is verified. Keeps the current pepper with the instance, puts this node among those that
   * run, and answers with the ids of peppers that keys may have been made under and that were not given. Two that do not
   * agree are not both let in, however close together they start. @throws PepperError
   */
  agree(given: readonly KnownPepper[], self: { node: string; maxStalenessMs: number }): Promise<string[]>
}

/** With these peppers valid keys would be unknown, here or on other nodes. `hint` says what to do next. */
export class PepperError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'PepperError'
    this.hint = hint
  }
}

const where = 'KEYWRIGHT_PEPPERS'

/**
 * Which known peppers were not given. One may be taken out, which is how it is retired; with all of them gone, or one that
 * has another value, it is a mistake that would answer every valid key as an unknown one. @throws PepperError
 */
export function missingPeppers(given: readonly KnownPepper[], { known, nodes }: PeppersInUse): string[] {
  const values = new Map(given.map(({ id, fingerprint }) => [id, fingerprint]))
  const altered = known.find(({ id, fingerprint }) => values.has(id) && values.get(id) !== fingerprint)
  if (altered) {
    throw new PepperError(
      `Pepper '${altered.id}' has another value than the one that keys of this instance were made under.`,
      `Correct it in ${where}, or give a new pepper an id of its own and put it before the others.`,
    )
  }
  const fingerprints = new Set(given.map(({ fingerprint }) => fingerprint))
  const missing = known.filter(({ fingerprint }) => !fingerprints.has(fingerprint)).map(({ id }) => id)
  if (known.length > 0 && missing.length === known.length) {
    throw new PepperError(
      `Keys of this instance were made under pepper '${missing.join("', '")}', which was not given.`,
      `Add it to ${where}, after the current one if that is new.`,
    )
  }
  refuseStrangers(given, fingerprints, nodes)
  return missing
}

/** A key that is made on one node must work on all that run beside it. */
function refuseStrangers(
  [current]: readonly KnownPepper[],
  fingerprints: ReadonlySet<string>,
  nodes: PeppersInUse['nodes'],
): void {
  for (const { node, fingerprints: theirs } of nodes) {
    if (current && !theirs.includes(current.fingerprint)) {
      throw new PepperError(
        `Node ${node} runs without pepper '${current.id}', and would not know keys made under it.`,
        `Give '${current.id}' to every node as the second one in ${where} first, and then move it to the front.`,
      )
    }
    const [theirCurrent] = theirs
    if (theirCurrent !== undefined && !fingerprints.has(theirCurrent)) {
      throw new PepperError(
        `Node ${node} makes keys under a pepper that was not given here.`,
        `Give every node the same ${where}.`,
      )
    }
  }
}
