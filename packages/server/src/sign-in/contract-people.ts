import type { SignedInPeople } from '@keywright/contracts'
import { isCliToken } from '../access/cli-token-format.ts'
import type { CliTokens } from '../access/cli-tokens.ts'
import { takePersonsTurn } from '../access/persons-turn.ts'
import type { SignIn } from './sign-in.ts'

/** People as a contract's own routes ask for them. */
export function contractPeople(signIn: SignIn | null, cliTokens: CliTokens): SignedInPeople | null {
  if (!signIn) return null
  return {
    isCliToken,
    async authenticate(credential) {
      const token = await cliTokens.authenticate(credential)
      const person = token && (await signIn.people.find(token.user))
      return person && !person.disabledAt ? person : null
    },
    async isHere(transaction, id) {
      await takePersonsTurn(transaction, id)
      const person = await signIn.people.find(id)
      return person !== null && !person.disabledAt
    },
    device: signIn.wire,
  }
}
