import { useNavigate } from '@tanstack/react-router'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { counted } from '../shell/words.ts'
import { Button } from './button.tsx'
import { useKept } from './kept.ts'

export interface Paging {
  /** Where the page in sight begins; undefined: at the beginning. */
  cursor: string | undefined
  /** Pages before this one. */
  before: number
  onNext: (cursor: string) => void
  onBack: () => void
}

/** Page by page, forth and back: each is an entry of the browser's history. */
export function usePaging(): Paging & { onGone: () => void } {
  const navigate = useNavigate()
  const { typed, cursors } = useKept()
  const go = (cursors: readonly string[], replace = false) =>
    navigate({ to: '.', search: true, state: { kept: { typed, cursors } }, replace })
  return {
    cursor: cursors.at(-1),
    before: cursors.length,
    onNext: (cursor) => go([...cursors, cursor]),
    onBack: () => go(cursors.slice(0, -1)),
    // In its place, or Back would lead to it again.
    onGone: () => go(cursors.slice(0, -1), true),
  }
}

/** From a page whose last row has gone to the one before. */
export function useWayBack({ before, onGone }: ReturnType<typeof usePaging>, isEmpty: boolean): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page that is empty
  useEffect(() => {
    if (isEmpty && before > 0) onGone()
  }, [isEmpty, before])
}

/** What a list comes to, read out when it changes. It is there before that: what appears with its region is not read out. */
export function Told({ children }: { children: ReactNode }) {
  return <div aria-live="polite">{children}</div>
}

export function Pager({
  before,
  onNext,
  onBack,
  shown,
  noun,
  next,
}: Omit<Paging, 'cursor'> & { shown: number; noun: string; next: string | null }) {
  const isAll = before === 0 && next === null
  return (
    <footer className="flex min-h-12 flex-wrap items-center justify-between gap-3 border-t px-4 py-2 text-muted sm:px-5">
      <span>
        {counted(shown, noun)}
        {!isAll && ` · page ${before + 1}`}
      </span>
      {!isAll && (
        <nav aria-label="Pages" className="flex gap-2">
          <Button aria-disabled={before === 0} onClick={onBack} icon={<ChevronLeft size={15} aria-hidden />}>
            Back
          </Button>
          <Button aria-disabled={next === null} onClick={() => next !== null && onNext(next)}>
            Next
            <ChevronRight size={15} aria-hidden />
          </Button>
        </nav>
      )}
    </footer>
  )
}
