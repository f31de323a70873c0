import { useEffect } from 'react'
import { visible } from './text.tsx'

/** Of the heading that says it. */
export const titleId = 'title'

/** What the window and the browser's history call the page. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${visible(title)} · Keywright`
  }, [title])
}
