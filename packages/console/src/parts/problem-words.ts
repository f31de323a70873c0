import { ConnectionError, KeywrightError, ProblemError } from '@keywright/client'
import { counted } from '../shell/words.ts'

export interface Explained {
  title: string
  text: string
  reference?: string | null
  isSignedOut?: boolean
}

/** In the server's own words, but for what only programs have: headers, credentials, and the paths of a body. */
export function explain(error: unknown): Explained {
  if (error instanceof ProblemError) return explainProblem(error)
  if (error instanceof ConnectionError) {
    return { title: 'The server does not answer', text: 'Check that Keywright is running and that you are online.' }
  }
  if (error instanceof KeywrightError && error.code === 'redirected') {
    const text = 'Load the page anew: what stands in front of Keywright may want you to sign in.'
    return { title: 'The server sends you elsewhere', text }
  }
  const text = error instanceof KeywrightError || error instanceof Error ? error.message : String(error)
  return { title: 'That did not work', text }
}

function explainProblem({ code, status, title, message, errors, retryAfterMs, requestId }: ProblemError): Explained {
  if (code === 'missing_credential')
    return { title: 'You are not signed in', text: 'Sign in, and try again.', isSignedOut: true }
  if (code === 'not_found') return { title, text: 'It may be gone, or in a place that you may not see.' }
  if (status === 429) {
    const minutes = retryAfterMs === null ? null : Math.max(1, Math.ceil(retryAfterMs / 60_000))
    return { title, text: `Try again ${minutes === null ? 'later' : `in ${counted(minutes, 'minute')}`}.` }
  }
  const fields = errors.map(({ field, message }) => (isSentence(message) ? message : `${labelOf(field)} ${message}`))
  const isFault = status >= 500
  // Where there is no more to say than the title, that is what the detail says.
  const text = message !== `${title}.` ? message : isFault ? 'Try again in a moment.' : ''
  return { title, text: fields.join('; ') || text, reference: isFault ? requestId : null }
}

/** What the server says of one field: `name` → `It must have at most 200 characters.` */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ProblemError)) return undefined
  const found = error.errors.find((wrong) => wrong.field === field || wrong.field.startsWith(`${field}.`))
  return found && (isSentence(found.message) ? found.message : `It ${found.message}.`)
}

/** Some of what the server says of a field is a sentence of its own, and some the end of one. */
function isSentence(message: string): boolean {
  return /^\p{Lu}/u.test(message)
}

const labels: Readonly<Record<string, string>> = {
  body: 'What was sent',
  email: 'E-mail',
  expiresAt: 'The expiry',
  q: 'The search',
  user_code: 'The code',
  userCode: 'The code',
}

/** `limits.0.requests` → `Requests`. */
function labelOf(field: string): string {
  const name = field.split('.').findLast((part) => !/^\d+$/.test(part)) ?? field
  const words = name.replace(/_|(?=[A-Z])/g, ' ').toLowerCase()
  return labels[name] ?? words.charAt(0).toUpperCase() + words.slice(1)
}
