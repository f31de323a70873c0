import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import { createPortal } from 'react-dom'
import { keywright } from '../api/keywright.ts'
import { queries, type Viewer } from '../api/queries.ts'
import { tabStorage } from '../api/tab-storage.ts'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { Foreign } from '../parts/text.tsx'
import { shownAddress } from '../people/address.ts'
import { menuClass, menuItemClass } from './menu.ts'
import { applyTheme, readTheme, type Theme } from './theme.ts'

const themes = [
  { theme: 'system', label: 'As the system', icon: Monitor },
  { theme: 'light', label: 'Light', icon: Sun },
  { theme: 'dark', label: 'Dark', icon: Moon },
] as const

export function PersonMenu({ viewer }: { viewer: Viewer }) {
  const navigate = useNavigate()
  const email = shownAddress(viewer.email)
  const [theme, setTheme] = useState(readTheme)
  const choose = (value: string) => {
    applyTheme(value as Theme)
    setTheme(value as Theme)
  }
  const signOut = useMutation({
    mutationFn: () => keywright.signIn.signOut(),
    async onSuccess() {
      // What the next person at this browser must not find.
      queries.clear()
      tabStorage.clear()
      await navigate({ to: '/sign-in' })
    },
  })
  return (
    <>
      {signOut.error &&
        createPortal(
          <ConfirmDialog
            title="You are still signed in"
            action="Try again"
            error={signOut.error}
            isBusy={signOut.isPending}
            onSubmit={() => signOut.mutate()}
            onClose={signOut.reset}
          >
            <p>Until signing out succeeds, whoever comes to this browser next is you.</p>
          </ConfirmDialog>,
          document.body,
        )}
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="mt-4 flex h-12 w-full items-center gap-2.5 rounded-lg px-2.5 text-left hover:bg-raised">
          <span className="flex size-7 shrink-0 items-center justify-center rounded-full border bg-surface">
            <UserRound size={14} aria-hidden />
          </span>
          <span className="flex min-w-0 flex-1 flex-col leading-tight">
            <Foreign className="font-medium">{viewer.name}</Foreign>
            {email !== '' && <Foreign className="text-xs text-muted">{email}</Foreign>}
          </span>
          <span className="sr-only">Account and appearance</span>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content align="start" side="top" sideOffset={6} className={`${menuClass} w-56`}>
            {viewer.email !== null && (
              <DropdownMenu.Item className={menuItemClass} onSelect={() => navigate({ to: '/account' })}>
                <UserRound size={15} aria-hidden />
                Account
              </DropdownMenu.Item>
            )}
            <DropdownMenu.RadioGroup value={theme} onValueChange={choose} aria-label="Appearance">
              {themes.map(({ theme: value, label, icon: Icon }) => (
                <DropdownMenu.RadioItem
                  key={value}
                  value={value}
                  className={`${menuItemClass} data-[state=checked]:font-medium data-[state=unchecked]:text-muted`}
                >
                  <Icon size={15} aria-hidden />
                  {label}
                </DropdownMenu.RadioItem>
              ))}
            </DropdownMenu.RadioGroup>
            <DropdownMenu.Separator className="my-1 h-px bg-line" />
            <DropdownMenu.Item className={menuItemClass} onSelect={() => signOut.mutate()}>
              <LogOut size={15} aria-hidden />
              Sign out
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </>
  )
}
