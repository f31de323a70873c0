import type { KeyRecord, ProjectRecord } from '@keywright/core'

/** The first characters of the random part; '' where they are not known, as with a key imported by its digest. */
export function prefixOf({ versions }: KeyRecord): string {
  return /^holo_([0-9A-Za-z]{8})$/.exec(versions.at(-1)?.hint ?? '')?.[1] ?? ''
}

export function keyView(key: KeyRecord, lastUsedAt: Date | undefined) {
  const { id, name, project, createdAt } = key
  return {
    id,
    name,
    prefix: prefixOf(key),
    projectId: project,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  }
}

export function projectView({ id, name, createdAt }: ProjectRecord) {
  return { projectId: id, name, createdAt: createdAt.toISOString() }
}
