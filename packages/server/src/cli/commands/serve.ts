import { type Command, InvalidArgumentError } from 'commander'
import { flags } from '../../config/flags.ts'
import type { Flags } from '../../config/read-settings.ts'
import { settings } from '../../config/settings.ts'
import { collect } from '../read.ts'

export function defineServe(serve: Command): void {
  for (const { name, takes, repeatable, about } of flags) {
    if (repeatable) serve.option(`--${name} ${takes}`, `${about}; repeatable`, collect)
    else serve.option(`--${name} ${takes}`, about, onlyOnce)
  }
  const variables = Object.values(settings).map(({ variable }) => `\n  ${variable}`)
  serve.addHelpText(
    'after',
    `\nA flag beats a variable, which beats the configuration file. All variables:${variables.join('')}\n\ndocs/settings.md of Keywright's repository says what each does.`,
  )
  serve.action(async (given: Flags) => {
    // The server brings the database and everything else that other commands can do without.
    const { serve: run } = await import('../../serve.ts')
    // What waits for servers that do not answer, a letter's for one, is waited for no longer.
    process.exit(await run(given))
  })
}

function onlyOnce(value: string, previous: string | undefined): string {
  if (previous === undefined) return value
  throw new InvalidArgumentError('It is there twice; keep the one that is meant.')
}
