import { capitalized } from '../shell/words.ts'

const uses: Readonly<Record<string, string>> = {
  secret: 'Secret: for servers',
  restricted: 'Restricted: for one task',
  publishable: 'Publishable: may be seen by anyone',
}

export function kindInWords(kind: string): string {
  return uses[kind] ?? capitalized(kind)
}
