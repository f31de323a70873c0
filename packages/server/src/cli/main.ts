import { report } from './failure.ts'
import { createProgram } from './program.ts'

// Whoever reads the results may have seen enough: `keywright keys list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  const [first, ...rest] = process.argv.slice(2)
  // What is asked of commander's own `help` about a command within another, it answers about the other.
  const args = first === 'help' && rest.length > 0 ? [...rest, '--help'] : process.argv.slice(2)
  const program = await createProgram(args)
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  process.exitCode = report(error)
}
