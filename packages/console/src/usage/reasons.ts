/** `retired_secret` → `retired secret`; `noun` is what the contract calls an organization. */
export function reasonInWords(reason: string, noun: string): string {
  return reason.replaceAll('_', ' ').replace('organization', noun)
}
