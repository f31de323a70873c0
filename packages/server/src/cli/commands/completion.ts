import { Argument, type Command } from 'commander'
import { print } from '../print/terminal.ts'

const shells = { bash, zsh, fish }

export function defineCompletion(completion: Command, everyCommand: () => Promise<Command>): void {
  completion
    .addArgument(new Argument('<shell>').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      '\nbash: eval "$(keywright completion bash)"\nzsh:  eval "$(keywright completion zsh)"\nfish: keywright completion fish | source',
    )
    .action(async (shell: keyof typeof shells) => print(shells[shell](await everyCommand())))
}

interface Level {
  /** `keys create`; empty for the program itself. */
  path: string
  words: string[]
}

function levels(command: Command, path: readonly string[] = []): Level[] {
  const words = [
    ...command.commands.map((child) => child.name()),
    ...command.options.flatMap(({ long }) => (long ? [long] : [])),
    '--help',
  ]
  return [
    { path: path.join(' '), words },
    ...command.commands.flatMap((child) => levels(child, [...path, child.name()])),
  ]
}

function bash(program: Command): string {
  const cases = levels(program).map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`)
  const groups = program.commands.filter(({ commands }) => commands.length > 0).map((command) => command.name())
  return `_keywright() {
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    case "$path" in
      '') path="$word" ;;
      ${groups.join('|')}) path="$path $word" ;;
      *) break ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}") )
}
complete -F _keywright keywright`
}

function zsh(program: Command): string {
  return `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(program)}`
}

function fish(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const name = command.name()
    const top = `complete -c keywright -n __fish_use_subcommand -f -a ${name} -d '${quoted(command.description())}'`
    const inside = [
      ...command.commands.map((child) => `-f -a ${child.name()} -d '${quoted(child.description())}'`),
      ...[command, ...command.commands].flatMap(({ options }) =>
        options.map(({ long, description }) => `-l ${long?.slice(2)} -d '${quoted(description)}'`),
      ),
    ]
    return [
      top,
      ...[...new Set(inside)].map((it) => `complete -c keywright -n '__fish_seen_subcommand_from ${name}' ${it}`),
    ]
  })
  return lines.join('\n')
}

function quoted(text: string): string {
  return text.replaceAll("'", "\\'")
}
