import { setImmediate } from 'node:timers/promises'

const rowsAtOnce = 100

/** Reads the rows of a bulk call a hundred side by side. Whoever else has something to do gets a turn before each. */
export async function inTurns<Row, Read>(
  rows: readonly Row[],
  read: (row: Row, place: number) => Read | Promise<Read>,
): Promise<Read[]> {
  const all: Read[] = []
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    await setImmediate()
    const some = rows.slice(from, from + rowsAtOnce)
    all.push(...(await Promise.all(some.map((row, place) => read(row, from + place)))))
  }
  return all
}
