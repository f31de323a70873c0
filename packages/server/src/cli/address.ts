export const defaultUrl = 'http://127.0.0.1:8788'

/** What is asked, as it was given. */
export function address(): string {
  return process.env.KEYWRIGHT_URL || defaultUrl
}

/** As the client does: what is served below a path is asked below it. */
export function below(url: string, path: string): URL {
  return new URL(url.replace(/\/+$/, '') + path)
}
