/** A bar on stderr, where somebody watches; gone when the work is done. */
export function progressBar(): (name: string, done: number, of: number) => void {
  if (!process.stderr.isTTY) return () => {}
  return (name, done, of) => {
    const filled = of === 0 ? 20 : Math.floor((20 * done) / of)
    const bar = '█'.repeat(filled) + '░'.repeat(20 - filled)
    process.stderr.write(`\r\u001b[K${bar} ${name} ${done} of ${of}`)
    if (done >= of) process.stderr.write('\r\u001b[K')
  }
}
