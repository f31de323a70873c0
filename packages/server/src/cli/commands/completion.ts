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

/** Flags that a value follows. */
function valued(command: Command): string[] {
  const own = command.options.flatMap(({ long, required }) => (long && required ? [long] : []))
  return [...new Set([...own, ...command.commands.flatMap(valued)])]
}

/** Read by zsh too, where `path` is a variable of the shell's own. */
function bash(program: Command): string {
  const cases = levels(program).map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`)
  const groups = program.commands.filter(({ commands }) => commands.length > 0).map((command) => command.name())
  return `_keywright() {
  local given='' words='' word isValue=''
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    # What bash makes of --name=x is three words.
    if [ "$word" = '=' ]; then continue; fi
    if [ "$isValue" ]; then isValue=''; continue; fi
    case "$word" in
      ${valued(program).join('|')}) isValue=yes ;;
      -*) ;;
      *) case "$given" in
        '') given="$word" ;;
        ${groups.join('|')}) given="$given $word" ;;
      esac ;;
    esac
  done
  if [ "$isValue" ]; then return; fi
  case "$given" in
${cases.join('\n')}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}") )
}
complete -o default -F _keywright keywright`
}

function zsh(program: Command): string {
  return `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(program)}`
}

function fish(program: Command): string {
  const complete = (condition: string, rest: string) => `complete -c keywright -n '${condition}' ${rest}`
  const words = (command: Command, condition: string) => [
    ...command.commands.map((child) => complete(condition, `-f -a ${child.name()} -d '${about(child)}'`)),
    ...command.options.flatMap(({ long, description, required }) =>
      long ? [complete(condition, `-l ${long.slice(2)}${required ? ' -r' : ''} -d '${quoted(description)}'`)] : [],
    ),
  ]
  const seen = (names: readonly string[]) => `__fish_seen_subcommand_from ${names.join(' ')}`
  return [
    ...words(program, '__fish_use_subcommand'),
    ...program.commands.flatMap((group) => {
      const name = group.name()
      const children = group.commands.map((child) => child.name())
      if (children.length === 0) return words(group, seen([name]))
      return [
        ...words(group, `${seen([name])}; and not ${seen(children)}`),
        ...group.commands.flatMap((child) => words(child, `${seen([name])}; and ${seen([child.name()])}`)),
      ]
    }),
  ].join('\n')
}

function about(command: Command): string {
  return quoted(command.description())
}

function quoted(text: string): string {
  return text.replaceAll("'", "\\'")
}
