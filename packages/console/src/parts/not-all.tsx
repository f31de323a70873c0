import { mostRead } from '../api/read-all.ts'
import { counted } from '../shell/words.ts'

/** Under a list that is longer than what was read of it. */
export function NotAll({ noun }: { noun: string }) {
  return <p className="border-t px-5 py-3 text-muted">Only the first {counted(mostRead, noun)} were looked through.</p>
}
