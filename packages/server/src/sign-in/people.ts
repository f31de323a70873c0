import type { Passkeys } from './passkeys.ts'
import type { Identity } from './providers.ts'
import type { PruneOver } from './retention.ts'
import type { SecondFactor } from './second-factor.ts'

export const shortestPassword = 8
export const longestPassword = 128

/** Someone who signs in. Where they belong and what they may do there is the store's to say. */
export interface Person {
  /** `usr_` and 26 characters. */
  id: string
  /** In lower case. */
  email: string
  name: string
  createdAt: Date
  /** Since when they can do nothing; null: they can. */
  disabledAt: Date | null
  /** Signing in with the password asks for a code too. */
  hasSecondFactor: boolean
}

export interface Session {
  id: string
  createdAt: Date
  expiresAt: Date
  address: string | null
  userAgent: string | null
}

export interface SignedIn {
  person: Person
  session: Session
}

/** What a browser is told to keep: values of `Set-Cookie`. */
export interface Admitted {
  person: Person
  cookies: readonly string[]
}

/** The password was right; who has it still has to give a code. */
interface HalfAdmitted {
  cookies: readonly string[]
}

/** What lets a person in. */
export interface WaysIn {
  /** Those with which they have linked their account. */
  issuers: readonly string[]
  hasPassword: boolean
  /** Their ids. */
  passkeys: readonly string[]
}

interface PasswordReset {
  person: Person
  /** What became of the other ways in. */
  others: 'kept' | 'removed'
}

/** A request as far as sign-in looks at it. */
export interface Visit {
  headers: Headers
  address: string | null
}

/**
 * Who people are and that it is them: accounts, passwords and sessions, whoever keeps them. Every method throws where
 * they cannot be reached.
 */
export interface People {
  /** Makes an account and a session. null: the address has one already. */
  signUp(input: { email: string; password: string; name: string }, visit: Visit): Promise<Admitted | null>
  /**
   * Takes away what is left of a sign-up that was broken off before it had made a way in. Not within its first minute, in
   * which it may be under way.
   */
  clearUnfinished(email: string): Promise<void>
  /** Makes an account where there is none with this address. */
  ensure(input: { email: string; password: string; name: string }): Promise<void>
  /** Makes a session, and ends the one that the browser came with. null: no such account, or another password. */
  signIn(input: { email: string; password: string }, visit: Visit): Promise<Admitted | HalfAdmitted | null>
  /** Makes a session for whom we know by other means. null: there is no such account, or it is disabled. */
  admit(person: string, visit: Visit): Promise<Admitted | null>
  /** Who has linked their account with this one. */
  byProvider(identity: Pick<Identity, 'issuer' | 'subject'>): Promise<Person | null>
  /** null: the address has an account already. */
  signUpByProvider(identity: Identity & { email: string }): Promise<Person | null>
  /** Whether there is still such an account. */
  linkProvider(person: string, identity: Pick<Identity, 'issuer' | 'subject'>): Promise<boolean>
  waysIn(person: string): Promise<WaysIn>
  unlinkProvider(person: string, issuer: string): Promise<void>
  secondFactor: SecondFactor
  passkeys: Passkeys
  /** Ends the session of the request, and answers what makes the browser forget it. */
  signOut(visit: Visit): Promise<readonly string[]>
  /** Who holds the session of a request, read anew each time: one that has ended opens nothing. */
  signedIn(headers: Headers): Promise<SignedIn | null>
  sessions(person: string): Promise<Session[]>
  /** Whether there was such a session of this person. */
  endSession(person: string, session: string): Promise<boolean>
  endSessions(person: string): Promise<void>
  /**
   * Makes another session, and ends all there were. null: the current password is another one. Once it is known to be the
   * right one, and before another is set, `first` is awaited.
   */
  changePassword(
    input: { current: string; password: string },
    visit: Visit,
    first: () => Promise<unknown>,
  ): Promise<readonly string[] | null>
  /** Good once, for `resetPassword`, until the next one; what an operator has handed out outlasts what is asked for by `forgotten`. */
  passwordToken(person: string, expiresAt: Date, by: 'forgotten' | 'handedOut'): Promise<string>
  /**
   * Ends all sessions. Where the address was never proved it is now, and passkeys and accounts elsewhere go:
   * whoever added them may have been somebody else. null: there is no such token, or none any more. Before all of it
   * `first` is awaited, with whose token it is.
   */
  resetPassword(
    input: { token: string; password: string },
    first: (person: string) => Promise<unknown>,
  ): Promise<PasswordReset | null>
  /** The address is theirs, by the word of who runs the instance. */
  prove(person: string): Promise<void>
  /** Whether something has shown that the address is theirs. */
  isProved(person: string): Promise<boolean>
  find(person: string): Promise<Person | null>
  findByEmail(email: string): Promise<Person | null>
  findMany(people: readonly string[]): Promise<Map<string, Person>>
  /** Ends all sessions, and lets none be made. @param places what they had, to be given back */
  disable(person: string, places: Readonly<Record<string, string>>, at: Date): Promise<void>
  /** What they had when they were disabled; null: there is no such account. */
  disabledPlaces(person: string): Promise<Readonly<Record<string, string>> | null>
  enable(person: string): Promise<void>
  /** In the order of their ids. */
  list(page: { after: string | undefined; limit: number }): Promise<Person[]>
  /** The account and its sessions. */
  remove(person: string): Promise<void>
  /** Of sessions, and of what is begun and never ended: half a sign-in, a link for a new password. */
  prune: PruneOver
  close(): Promise<void>
}
