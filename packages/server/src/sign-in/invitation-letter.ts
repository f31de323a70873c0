import type { Lifecycle } from '@keywright/core'
import { isOperatorIn } from '../access/operators.ts'
import { isWithin, letterBounds } from './attempts.ts'
import type { SignIn } from './sign-in.ts'

/**
 * Whether an invitation goes by mail; its link is on the screen of who invites in any case. Nobody's mailbox is filled by
 * strangers, and where anybody signs up nobody writes in the instance's name under an address that may not be theirs.
 * @param inviter id of a person; null: a machine
 */
export async function mayWrite(
  { letters, attempts, people, signUp }: SignIn,
  { store, now }: Lifecycle,
  { to, inviter }: { to: string; inviter: string | null },
): Promise<boolean> {
  if (!letters.byMail) return false
  if (signUp === 'open' && inviter !== null && !(await isOperatorIn(store, inviter))) {
    if (!(await people.isProved(inviter))) return false
  }
  return isWithin(attempts, letterBounds(to, inviter), now())
}
