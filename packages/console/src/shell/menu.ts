export const menuClass = 'z-40 rounded-xl border bg-surface p-1 shadow-pop'

export const menuItemClass =
  'flex min-h-9 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 -outline-offset-2 select-none data-highlighted:bg-raised'
