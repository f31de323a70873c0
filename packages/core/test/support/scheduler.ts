import type { Random } from './random.ts'

/** Holds back every answer until the schedule, which a seed decides, lets it go. */
export function createScheduler(random: Random) {
  const waiting: (() => void)[] = []

  /** What `answer` says when asked, or when let go: a database takes its snapshot at some time between the two. */
  function later<T>(answer: () => T): Promise<T> {
    const asked = random.chance(50) ? attempt(answer) : null
    return new Promise((resolve, reject) => {
      waiting.push(() => {
        const { value, error } = asked ?? attempt(answer)
        if (error === undefined) resolve(value as T)
        else reject(error)
      })
    })
  }

  return {
    later,
    get waiting() {
      return waiting.length
    },
    /** Lets one go, not the first that asked. */
    async letOneGo(): Promise<void> {
      const [go] = waiting.splice(random.below(waiting.length), 1)
      go?.()
      await settled()
    },
    settled,
  }
}

function attempt<T>(answer: () => T): { value?: T; error?: unknown } {
  try {
    return { value: answer() }
  } catch (error) {
    return { error }
  }
}

/** Until nothing moves any more by itself. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
