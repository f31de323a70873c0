import { freePort } from '../free-port.ts'

/** A machine that programs of a test run on. */
export interface Machine {
  /** Where the test reaches its programs. */
  address: string
  /** Where a server listens for everyone who can reach the machine. */
  anyAddress: string
  /** The usual one, where it is free. */
  portFor(usual: number): Promise<number>
  /** How a program is spawned on it, with the user that `spawn` is still to be told. */
  command(program: string, args: readonly string[], user?: User | null): Command
}

interface User {
  uid: number
  gid: number
}

interface Command {
  program: string
  args: readonly string[]
  user: User | null
}

/** The one that the test itself runs on. */
export const here: Machine = {
  address: '127.0.0.1',
  anyAddress: '127.0.0.1',
  portFor: () => freePort(),
  command: (program, args, user = null) => ({ program, args, user }),
}
