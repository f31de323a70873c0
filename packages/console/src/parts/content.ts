/** For where what had the focus is gone: who works with the keyboard goes on from there, and is told what the page is. */
export function focusContent(): void {
  // The page behind an open dialog takes no focus.
  const place = document.querySelector<HTMLElement>('dialog[open]') ?? document.getElementById('content')
  place?.focus({ preventScroll: true })
}
