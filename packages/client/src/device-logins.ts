import { ConnectionError, KeywrightError, objectOf, ProblemError, TimeoutError } from './errors.ts'
import { type CallOptions, pause, type Transport } from './transport.ts'

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

type Polled = { token: string } | { error: string } | { outage: KeywrightError }

const clientId = 'keywright-cli'
/** RFC 8628 §3.5. */
const slowerBySeconds = 5

/** The device flow (RFC 8628), for a machine that wants to act as a person. */
export class DeviceLogins {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** `device` is the machine's name for itself. */
  async start(device: string, options?: CallOptions): Promise<StartedLogin> {
    const started = await this.#transport<Started>({
      method: 'POST',
      path: '/api/auth/device/code',
      has: 'device_code',
      body: { client_id: clientId, device_name: device },
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

  /**
   * Waits for the person, and resolves with the CLI token. Rejects with `access_denied` or `expired_token`; a server that
   * is away is waited for as long as the code is good.
   */
  async finish(
    { deviceCode, expiresInSeconds, intervalSeconds }: StartedLogin,
    options: CallOptions = {},
  ): Promise<string> {
    const expiresAt = performance.now() + expiresInSeconds * 1000
    for (let seconds = intervalSeconds; ; ) {
      await pause(seconds * 1000, options.signal)
      const answer = await this.#poll(deviceCode, options)
      if ('token' in answer) return answer.token
      if ('outage' in answer && performance.now() >= expiresAt) throw answer.outage
      if ('outage' in answer || answer.error === 'slow_down') seconds += slowerBySeconds
      else if (answer.error !== 'authorization_pending') throw refused(answer.error)
    }
  }

  async #poll(deviceCode: string, options: CallOptions): Promise<Polled> {
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    try {
      const { access_token } = await this.#transport<{ access_token: string }>({
        method: 'POST',
        path: '/api/auth/device/token',
        has: 'access_token',
        body: { grant_type, device_code: deviceCode, client_id: clientId },
        options,
      })
      return { token: access_token }
    } catch (error) {
      // RFC 6749 §5.2.
      const oauth = error instanceof ProblemError && error.status === 400 ? objectOf(error.body)?.error : null
      if (typeof oauth === 'string') return { error: oauth }
      if (isOutage(error)) return { outage: error }
      throw error
    }
  }
}

function isOutage(error: unknown): error is KeywrightError {
  if (error instanceof ProblemError) return error.status === 429 || error.status >= 500
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true
  // It did not where the login began: what stands in front does, to say that it is being worked on.
  return error instanceof KeywrightError && error.code === 'redirected'
}

function refused(error: string): KeywrightError {
  if (error === 'access_denied') return new KeywrightError(error, 'The login was denied.')
  if (error === 'expired_token') return new KeywrightError(error, 'Nobody decided in time. Log in again.')
  return new KeywrightError(error, `The login cannot go on (${error}). Start it again.`)
}
