import { Ellipsis } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useRef } from 'react'
import { menuClass, menuItemClass } from '../shell/menu.ts'
import { IconButton } from './button.tsx'

export interface RowAction {
  label: string
  isDangerous?: boolean
  run: () => void
}

/** What can be done with one of many. */
export function RowMenu({ label, actions }: { label: string; actions: readonly RowAction[] }) {
  // Run once the menu has given the focus back: a dialog that opens then gives it back to the same place.
  const chosen = useRef<RowAction | null>(null)
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton label={label}>
          <Ellipsis size={16} aria-hidden />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className={`${menuClass} min-w-40`}
          onCloseAutoFocus={() => {
            chosen.current?.run()
            chosen.current = null
          }}
        >
          {actions.map((action) => (
            <DropdownMenu.Item
              key={action.label}
              className={`${menuItemClass} ${action.isDangerous ? 'text-bad' : ''}`}
              onSelect={() => {
                chosen.current = action
              }}
            >
              {action.label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
