/** The word that was probably meant: the same but for case, or with some slips of the keyboard, more in a long one. */
export function nearest(word: string, words: Iterable<string>): string | null {
  const most = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))
  let best: string | null = null
  let bestDistance = most + 1
  for (const candidate of words) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
