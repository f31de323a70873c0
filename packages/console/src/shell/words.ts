export function plural(noun: string): string {
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `a tenant`, `an organization`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`
}

/** `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${new Intl.NumberFormat().format(count)} ${count === 1 ? noun : plural(noun)}`
}
