import { unavailable } from '../control/problem.ts'

/** Node has four threads for passwords, files and the names of hosts alike, and serves whoever waits for one in turn. */
const hashesAtOnce = 2
/** Who comes then would wait for seconds. */
const mostEntering = 50

/** Runs so many at once, the others in their order: addresses of upstreams and databases are looked up meanwhile. */
export function createHashing(): <T>(hash: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (hash) => {
    if (running < hashesAtOnce) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await hash()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

/** For what any stranger can have hashed, from as many addresses as they have. @throws Problem `unavailable` */
export function boundEntering(): <T>(enter: () => Promise<T>) => Promise<T> {
  let entering = 0
  return async (enter) => {
    if (entering === mostEntering) {
      throw unavailable('Too many people are signing in just now. Try again in a moment.')
    }
    entering++
    try {
      return await enter()
    } finally {
      entering--
    }
  }
}
