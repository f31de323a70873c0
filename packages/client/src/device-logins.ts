import { KeywrightError, ProblemError } from './errors.ts'
import type { CallOptions, Transport } from './transport.ts'

/** What a machine shows to the person who is to let it in. */
export interface StartedLogin {
  deviceCode: string
  /** Eight letters with a hyphen in the middle. */
  userCode: string
  /** Where the code is typed in; and the same with the code in it. */
  verificationUri: string
  verificationUriComplete: string
  expiresInSeconds: number
  intervalSeconds: number
}

interface Started {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
}

/** RFC 8628 §3.5. */
const slowerBySeconds = 5

/** The device flow (RFC 8628), for a machine that wants to act as a person. */
export class DeviceLogins {
  readonly #transport: Transport
  readonly #clientId: string
  constructor(transport: Transport, clientId = 'keywright-cli') {
    this.#transport = transport
    this.#clientId = clientId
  }

  /** `device` is the machine's name for itself. */
  async start(device: string, options?: CallOptions): Promise<StartedLogin> {
    const started = await this.#transport<Started>({
      method: 'POST',
      path: '/api/auth/device/code',
      body: { client_id: this.#clientId, device_name: device },
      options,
    })
    return {
      deviceCode: started.device_code,
      userCode: started.user_code,
      verificationUri: started.verification_uri,
      verificationUriComplete: started.verification_uri_complete,
      expiresInSeconds: started.expires_in,
      intervalSeconds: started.interval,
    }
  }

  /** Waits for the person, and resolves with the CLI token. Rejects with `access_denied` or `expired_token`. */
  async finish({ deviceCode, intervalSeconds }: StartedLogin, options: CallOptions = {}): Promise<string> {
    for (let seconds = intervalSeconds; ; ) {
      await pause(seconds * 1000, options.signal)
      const answer = await this.#poll(deviceCode, options)
      if ('token' in answer) return answer.token
      if (answer.error === 'slow_down') seconds += slowerBySeconds
      else if (answer.error !== 'authorization_pending') throw refused(answer.error)
    }
  }

  async #poll(deviceCode: string, options: CallOptions): Promise<{ token: string } | { error: string }> {
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    try {
      const { access_token } = await this.#transport<{ access_token: string }>({
        method: 'POST',
        path: '/api/auth/device/token',
        body: { grant_type, device_code: deviceCode, client_id: this.#clientId },
        options,
      })
      return { token: access_token }
    } catch (error) {
      const oauth = error instanceof ProblemError && error.status === 400 ? oauthErrorOf(error.body) : null
      if (oauth === null) throw error
      return { error: oauth }
    }
  }
}

/** RFC 6749 §5.2. */
function oauthErrorOf(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: unknown }
    return typeof error === 'string' ? error : null
  } catch {
    return null
  }
}

function refused(error: string): KeywrightError {
  if (error === 'access_denied') return new KeywrightError(error, 'The login was denied.')
  if (error === 'expired_token') return new KeywrightError(error, 'Nobody decided in time. Log in again.')
  return new KeywrightError(error, `The login cannot go on (${error}). Start it again.`)
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
