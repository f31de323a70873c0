/** `retired_secret` → `retired secret`. */
export function reasonInWords(reason: string): string {
  return reason.replaceAll('_', ' ')
}
