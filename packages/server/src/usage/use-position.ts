/** Where a list in the order of last use stands. `usedAt` null: among keys that were never used. */
export interface UsePosition {
  usedAt: number | null
  id: string
}

export function writeUsePosition({ usedAt, id }: UsePosition): string {
  return `${usedAt ?? 'never'}.${id}`
}

/** What `writeUsePosition` made; null for anything else. */
export function readUsePosition(text: string): UsePosition | null {
  const [, usedAt, id] = /^(never|\d{1,15})\.(.+)$/.exec(text) ?? []
  if (usedAt === undefined || id === undefined) return null
  return { usedAt: usedAt === 'never' ? null : Number(usedAt), id }
}
