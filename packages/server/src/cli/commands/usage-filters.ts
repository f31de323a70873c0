import { type Command, Option } from 'commander'
import { readCount, readInstant } from '../read.ts'

/** What counts and decisions can both be narrowed by. */
export function filtered(command: Command): Command {
  return command
    .option('--organization <id>', 'of this organization alone')
    .option('--project <id>', 'of this project alone')
    .option('--key <id>', 'of this key alone')
    .addOption(new Option('--outcome <outcome>', 'allowed or denied').choices(['allowed', 'denied']))
    .option('--reason <reason>', 'such as rate_limited')
    .option('--since <time>', 'from then on: 2026-11-20T08:00:00Z, or 24h', readInstant)
    .option('--until <time>', 'before then', readInstant)
}

export function paged(command: Command): Command {
  return command
    .option('--limit <count>', 'so many', readCount, 50)
    .option('--cursor <cursor>', "go on from an earlier page's nextCursor")
    .option('--json', 'print what the API answered')
}
