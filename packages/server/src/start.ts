import { parseFlags } from './config/flags.ts'
import { prepareDemoKey } from './demo/demo-key.ts'
import { startEcho } from './demo/echo.ts'
import { welcome } from './demo/welcome.ts'
import { run, saying, settingsFrom } from './serve.ts'

const args = process.argv.slice(2)

/** `npm start`: an instance to try things with, in front of a built-in echo where no upstream is named. */
const exitCode = await saying(async () => {
  if (args.includes('--help') || args.includes('-h')) return help()
  const settings = await settingsFrom(parseFlags(args))
  const echo = settings.upstream === null ? await startEcho() : null
  try {
    await run({ ...settings, upstream: echo?.url ?? settings.upstream }, async (instance) => {
      const { edge, control, lifecycle, serviceKeyFile, operatorLink } = instance
      const issued = await prepareDemoKey(lifecycle)
      const upstream = settings.upstream?.href ?? null
      const { contract } = lifecycle
      process.stdout.write(
        welcome({ edge, control, contract, issued, serviceKeyFile, upstream, operatorLink: await operatorLink() }),
      )
    })
  } finally {
    echo?.close()
  }
})

process.exit(exitCode)

/** The flags are those of `serve`. */
async function help(): Promise<void> {
  const { createProgram } = await import('./cli/program.ts')
  const program = await createProgram(['serve'])
  program.commands.find((command) => command.name() === 'serve')?.outputHelp()
}
