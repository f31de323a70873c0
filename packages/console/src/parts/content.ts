/** For where what had the focus is gone: who works with the keyboard goes on from there, and is told what the page is. */
export function focusContent(): void {
  document.getElementById('content')?.focus({ preventScroll: true })
}
