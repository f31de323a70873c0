import { report } from './failure.ts'
import { createProgram } from './program.ts'

// Whoever reads the results may have seen enough: `keywright keys list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  const args = process.argv.slice(2)
  const program = await createProgram(args)
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  process.exitCode = report(error)
}
