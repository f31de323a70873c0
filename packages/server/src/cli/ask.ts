import { CliError, exitCodes, usageError } from './failure.ts'
import { printable } from './print/escape.ts'
import { isInteractive } from './print/terminal.ts'

/** Loaded only where there is someone to ask. */
async function prompts() {
  const loaded = await import('@clack/prompts')
  // Ctrl-D ends what is read, and the question would never be answered.
  loaded.updateSettings({ aliases: { '\u0004': 'cancel' } })
  return loaded
}

const output = process.stderr

/** The text, asked for where it is missing. @throws CliError that names the flag where nobody can be asked */
export async function textOr(value: string | undefined, flag: string, question: string): Promise<string> {
  if (value !== undefined) return value
  requireTerminal(flag)
  const { text, isCancel } = await prompts()
  const answer = await text({
    message: question,
    output,
    validate: (given) => (given?.trim() ? undefined : 'It cannot be empty.'),
  })
  if (isCancel(answer)) throw cancelled()
  return answer
}

/** One of the choices. @throws CliError that names the flag where nobody can be asked */
export async function choose<T>(
  flag: string,
  question: string,
  choices: () => Promise<{ value: T; label: string }[]>,
): Promise<T> {
  requireTerminal(flag)
  const { select, isCancel } = await prompts()
  const found = await choices()
  const options = found.map(({ label }, value) => ({ value, label: printable(label) }))
  const answer = await select({ message: question, options, output })
  const chosen = isCancel(answer) ? undefined : found[answer]
  if (!chosen) throw cancelled()
  return chosen.value
}

/**
 * Asks before something that cannot be undone, where someone can slip: at a terminal. A script says what it means by
 * being written.
 */
export async function confirm(question: string, yes: boolean | undefined): Promise<void> {
  if (yes || !isInteractive()) return
  const { confirm: ask, isCancel } = await prompts()
  const answer = await ask({ message: question, initialValue: false, output })
  if (isCancel(answer) || !answer) throw cancelled()
}

function requireTerminal(flag: string): void {
  if (!isInteractive()) throw missing(flag)
}

export function missing(flag: string): CliError {
  return usageError(`${flag} is missing.`, `Add ${flag}; without a terminal nothing is asked.`)
}

function cancelled(): CliError {
  return new CliError('Nothing was changed.', null, exitCodes.failed)
}
