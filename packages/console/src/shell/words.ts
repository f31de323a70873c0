export function plural(noun: string): string {
  return `${noun}s`
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${new Intl.NumberFormat().format(count)} ${count === 1 ? noun : plural(noun)}`
}
