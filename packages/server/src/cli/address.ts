export const defaultUrl = 'http://127.0.0.1:8788'

/** What is asked, as it was given. */
export function address(): string {
  return process.env.KEYWRIGHT_URL || defaultUrl
}
