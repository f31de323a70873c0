import type { Auth } from './auth.ts'

/** With them what would become one: the library ends no sign-in that waits for a code, and no link for a new password. */
export async function endSessions({ database }: Auth, person: string, { but }: { but?: string } = {}): Promise<void> {
  await endHalfDone({ database }, person)
  const theirs = { field: 'userId', value: person }
  const others = but === undefined ? [] : [{ field: 'token', operator: 'ne' as const, value: but }]
  await database.deleteMany({ model: 'session', where: [theirs, ...others] })
}

/** Sign-ins that wait for a code, and links for a new password. */
export async function endHalfDone({ database }: Pick<Auth, 'database'>, person: string): Promise<void> {
  await database.deleteMany({ model: 'verification', where: [{ field: 'value', value: person }] })
}
