import { useBlocker } from '@tanstack/react-router'

/** Neither Back nor a link leads away, and the browser asks before it reloads or closes: what is shown would be lost. */
export function useHold(isHeld: boolean): void {
  useBlocker({ shouldBlockFn: () => true, disabled: !isHeld })
}
