/** Nanoseconds of this thread's own processor time per call, the median of interleaved rounds. */
export function interleaved(contenders: Record<string, () => void>, calls: number, rounds = 7): Record<string, number> {
  const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const start = cpuMicroseconds()
      run()
      if (round >= 0) times.get(name)?.push(((cpuMicroseconds() - start) * 1000) / calls)
    }
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, median(list)]))
}

function cpuMicroseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

export function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN
}

export function report(title: string, rows: readonly [string, string][]): void {
  console.log(`\n${title}`)
  for (const [name, value] of rows) console.log(`  ${name.padEnd(58)} ${value}`)
}
