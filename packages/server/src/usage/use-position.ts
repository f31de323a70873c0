/** Where a list in the order of last use stands. `usedAt` null: among keys that were never used. */
export interface UsePosition {
  usedAt: number | null
  id: string
}

export function writeUsePosition({ usedAt, id }: UsePosition): string {
  // Marked, so that no other order takes it for its own.
  return `${usedAt === null ? 'never' : `used${usedAt}`}.${id}`
}

/** What `writeUsePosition` made; null for anything else. */
export function readUsePosition(text: string): UsePosition | null {
  const [, usedAt, id] = /^(?:never|used(\d{1,15}))\.(.+)$/.exec(text) ?? []
  if (id === undefined) return null
  return { usedAt: usedAt === undefined ? null : Number(usedAt), id }
}
