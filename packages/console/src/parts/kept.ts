import { useNavigate, useRouteContext } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { tabStorage } from '../api/tab-storage.ts'
import { useSettled } from './use-settled.ts'

/**
 * What a list keeps in its entry of the browser's history, so that Back and reloading find it again. It is in no address:
 * what somebody searches for may be a whole key, and addresses are passed on, logged and listed.
 */
export interface Kept {
  /** Where in the tab's storage the text lies: signing out empties that, and no history. '': there is none. */
  typed: string
  /** Where each page after the first begins, up to the one in sight. */
  cursors: readonly string[]
}

declare module '@tanstack/react-router' {
  interface HistoryState {
    kept?: Kept
  }
}

const nothing: Kept = { typed: '', cursors: [] }

export function textOf({ typed }: Kept): string {
  return tabStorage.getItem(typed) ?? ''
}

/** For the routes of pages that keep something. A route's own, since on the way to another page the history is there first. */
export function keptIn({ location }: { location: { state: { kept?: Kept } } }): { kept: Kept } {
  return { kept: location.state.kept ?? nothing }
}

export function useKept(): Kept {
  const { kept = nothing }: { kept?: Kept } = useRouteContext({ strict: false })
  return kept
}

export interface Typed {
  value: string
  onText: (text: string) => void
  onBlur: () => void
}

/** A field whose text is asked for once it stands still. While somebody types, nothing else writes into it. */
export function useTyped(value: string, onSettled: (text: string) => void): Typed {
  const [draft, setDraft] = useState<string | null>(null)
  const settled = useSettled(draft)
  const tell = (text: string | null) => {
    if (text !== null && text !== value) onSettled(text)
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each text that stood still
  useEffect(() => tell(settled), [settled])
  return {
    value: draft ?? value,
    onText: setDraft,
    onBlur: () => {
      tell(draft)
      setDraft(null)
    },
  }
}

/** The text that is kept; another one begins at the first page. */
export function useKeptText(): Typed {
  const navigate = useNavigate()
  return useTyped(textOf(useKept()), (text) => {
    const typed = `typed ${Date.now()}`
    tabStorage.setItem(typed, text)
    navigate({ to: '.', search: true, state: { kept: { typed, cursors: [] } }, replace: true })
  })
}
