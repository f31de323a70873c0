import type { DeviceCall, SignedInPeople } from '@keywright/contracts'
import { isOneLine, type Refusal } from '@keywright/core'
import { Problem, problemAnswer } from '../../control/problem.ts'
import { name as nameSchema } from '../../control/schemas.ts'
import { parseStrictObject, StrictJsonError } from '../../control/strict-json.ts'
import type { DeviceFlow, Poll } from './flow.ts'

/** The two calls that machines make, with JSON or a form: the control side and the edge hand them over alike. */
export type DeviceWire = SignedInPeople['device']

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'

export function createDeviceWire(device: DeviceFlow, consoleUrl: () => string): DeviceWire {
  return {
    code: (call) =>
      orRefused(call, async (read) => {
        const client = clientOf(read)
        const name = read('device_name')
        const scope = read('scope')
        for (const text of [name, scope]) {
          if (text !== null && (text.length > 200 || !isOneLine(text))) {
            throw new OAuthError('invalid_request', 'device_name and scope are at most 200 characters of plain text.')
          }
        }
        const shown = nameSchema.safeParse(name).data ?? null
        const codes = await device.start({ client, device: shown, scope, address: call.address })
        const { deviceCode, userCode, expiresInSeconds, intervalSeconds } = codes
        const page = `${consoleUrl()}/device`
        return answer(200, {
          device_code: deviceCode,
          user_code: userCode,
          verification_uri: page,
          verification_uri_complete: `${page}?user_code=${userCode}`,
          expires_in: expiresInSeconds,
          interval: intervalSeconds,
        })
      }),
    token: (call) =>
      orRefused(call, async (read) => {
        if (read('grant_type') !== grantType) {
          throw new OAuthError('unsupported_grant_type', `grant_type has to be ${grantType}.`)
        }
        const client = clientOf(read)
        const deviceCode = read('device_code')
        if (deviceCode === null) throw new OAuthError('invalid_request', 'device_code is missing.')
        const { address, requestId } = call
        const found = await device.poll(deviceCode, client, { address, requestId })
        if (typeof found === 'string') throw new OAuthError(found, sentences[found])
        const { credential, expiresAt, scope } = found
        const expires_in = Math.floor((expiresAt.getTime() - Date.now()) / 1000)
        return answer(200, {
          ...{ access_token: credential, token_type: 'Bearer', expires_in },
          ...(scope !== null && { scope }),
        })
      }),
  }
}

const sentences: Readonly<Record<Extract<Poll, string>, string>> = {
  authorization_pending: 'Nobody has decided yet. Ask again after the interval.',
  slow_down: 'This came too soon. From now on wait five seconds longer each time.',
  access_denied: 'The login was denied.',
  expired_token: 'The code has expired. Start the login again.',
  invalid_grant: 'There is no such device code for this client, or it has been redeemed.',
}

/** RFC 6749 §5.2. */
class OAuthError extends Error {
  readonly error: string
  constructor(error: string, description: string) {
    super(description)
    this.name = 'OAuthError'
    this.error = error
  }
}

type Read = (name: string) => string | null

function clientOf(read: Read): string {
  const client = read('client_id')
  if (client !== null && /^[A-Za-z0-9._-]{1,64}$/.test(client)) return client
  throw new OAuthError('invalid_client', 'client_id has to be 1 to 64 of A-Z, a-z, 0-9, ., _ and -.')
}

async function orRefused(call: DeviceCall, work: (read: Read) => Promise<Refusal>): Promise<Refusal> {
  try {
    return await work(reader(call))
  } catch (error) {
    if (error instanceof OAuthError) return answer(400, { error: error.error, error_description: error.message })
    if (!(error instanceof Problem)) throw error
    const { status, headers } = problemAnswer(error, call.requestId)
    const { 'retry-after': retryAfter } = headers
    const refused = answer(status, { error: error.code, error_description: error.message })
    return retryAfter === undefined
      ? refused
      : { ...refused, headers: { ...refused.headers, 'retry-after': retryAfter } }
  }
}

/** RFC 6749 §3.2: a parameter without a value is as if it were left out, an unknown one is ignored, none is there twice. */
function reader({ contentType, body }: DeviceCall): Read {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') {
    const form = new URLSearchParams(body)
    return (name) => {
      const values = form.getAll(name)
      if (values.length > 1) throw new OAuthError('invalid_request', `${name} is there twice.`)
      return values[0] || null
    }
  }
  if (type !== 'application/json') {
    throw new OAuthError('invalid_request', 'Send application/json or application/x-www-form-urlencoded.')
  }
  const members = readObject(body)
  return (name) => {
    const value = Object.hasOwn(members, name) ? members[name] : null
    if (value !== null && typeof value !== 'string')
      throw new OAuthError('invalid_request', `${name} has to be a text.`)
    return value || null
  }
}

function readObject(body: string): Record<string, unknown> {
  try {
    return parseStrictObject(body)
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error
    throw new OAuthError('invalid_request', error.message)
  }
}

function answer(status: number, value: object): Refusal {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: JSON.stringify(value),
  }
}
