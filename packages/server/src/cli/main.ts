import { report } from './failure.ts'
import { outliveOutput } from './print/terminal.ts'
import { createProgram } from './program.ts'

outliveOutput()

try {
  const [first, ...rest] = process.argv.slice(2)
  // What is asked of commander's own `help` about a command within another, it answers about the other.
  const args = first === 'help' && rest.length > 0 ? [...rest, '--help'] : process.argv.slice(2)
  const program = await createProgram(args)
  const isCommand = rest[0]?.startsWith('-') || program.commands.some((command) => command.name() === rest[0])
  // Help with no command of ours would be help with all of them.
  await program.parseAsync(first === 'help' && rest.length > 0 && !isCommand ? rest : args, { from: 'user' })
} catch (error) {
  process.exitCode = report(error) || process.exitCode
}
