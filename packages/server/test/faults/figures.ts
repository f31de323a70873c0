/** One line of `docs/reliability.md`. */
export function told(name: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0)
  process.stdout.write(`${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms, of ${sorted.length}\n`)
}

/** How often a test repeats what it is about. */
export function repetitions(fallback: number): number {
  return Number(process.env.FAULT_REPETITIONS ?? fallback)
}
