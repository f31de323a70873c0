/** As they are typed: `default, staging`. */
export function namespacesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}
