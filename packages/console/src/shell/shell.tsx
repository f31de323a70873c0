import { useSuspenseQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { Menu, X } from 'lucide-react'
import { type MouseEvent, useEffect, useRef, useState } from 'react'
import { viewerQuery } from '../api/queries.ts'
import { IconButton } from '../parts/button.tsx'
import { titleId } from '../parts/use-title.ts'
import { Logo } from './logo.tsx'
import { Navigation } from './navigation.tsx'
import { OrganizationState } from './organization-state.tsx'
import { OrganizationSwitcher } from './organization-switcher.tsx'
import { PersonMenu } from './person-menu.tsx'

export function Shell() {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const [isOpen, setOpen] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu that led to it
  useEffect(() => setOpen(false), [path])
  const toggle = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!isOpen) return
    const closeBy = (event: KeyboardEvent) => {
      // A menu within it takes its own Escape.
      if (event.key !== 'Escape' || event.defaultPrevented) return
      setOpen(false)
      toggle.current?.focus()
    }
    document.addEventListener('keydown', closeBy)
    return () => document.removeEventListener('keydown', closeBy)
  }, [isOpen])
  useFocusAfterWay()
  if (!viewer) return null
  return (
    <div className="flex min-h-full flex-col lg:flex-row">
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a place of this page */}
      <a
        href="#content"
        onClick={toContent}
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-lg bg-ink px-3 py-2 text-inverse focus:translate-y-0 print:hidden"
      >
        Skip to the content
      </a>
      <header className="sticky top-0 z-20 flex h-14 items-center gap-2 border-b bg-canvas px-4 lg:hidden print:hidden">
        <Logo />
        <span className="flex-1" />
        <IconButton
          ref={toggle}
          label={isOpen ? 'Close the menu' : 'Open the menu'}
          aria-expanded={isOpen}
          aria-controls="menu"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <X size={18} aria-hidden /> : <Menu size={18} aria-hidden />}
        </IconButton>
      </header>
      <aside
        id="menu"
        aria-label="Menu"
        className={`${isOpen ? 'flex' : 'hidden'} fixed inset-x-0 top-14 bottom-0 z-20 flex-col overflow-y-auto bg-canvas p-4 lg:sticky lg:top-0 lg:flex lg:h-dvh lg:w-60 lg:shrink-0 lg:border-r lg:p-3 print:hidden`}
      >
        <div className="hidden px-2 pt-2 pb-4 lg:block">
          <Logo />
        </div>
        <OrganizationSwitcher />
        <Navigation viewer={viewer} onGo={() => setOpen(false)} />
        <span className="flex-1" />
        <PersonMenu viewer={viewer} />
      </aside>
      <main id="content" aria-labelledby={titleId} tabIndex={-1} className="min-w-0 flex-1 outline-none">
        <OrganizationState />
        <Outlet />
      </main>
    </div>
  )
}

/** The browser alone would make an entry of its history of it, which keeps nothing of what the page does. */
function toContent(event: MouseEvent) {
  event.preventDefault()
  document.getElementById('content')?.focus()
}

/**
 * Who follows a link goes on in what it led to, which its name tells who cannot see that it is there. What was clicked is
 * gone, with the focus, or is in the menu.
 */
function useFocusAfterWay(): void {
  const shown = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname })
  const before = useRef(shown)
  useEffect(() => {
    const isOnTheWay = before.current !== undefined && before.current !== shown
    before.current = shown
    const content = document.getElementById('content')
    if (isOnTheWay && !content?.contains(document.activeElement)) content?.focus()
  }, [shown])
}
