import { createHmac, timingSafeEqual } from 'node:crypto'

/** Older than this, what was signed may be a copy that somebody has kept. */
const toleranceSeconds = 300

/**
 * Whether Stripe has signed the body a moment ago: `Stripe-Signature: t=<seconds>,v1=<hex>,…` with HMAC-SHA-256 over
 * `<seconds>.<body>`. While a secret is being replaced there are two of `v1`.
 */
export function isSignedByStripe(header: string | null, body: string, secret: string, now: Date): boolean {
  const fields = (header ?? '').split(',').map((field) => field.trim().split('=', 2))
  const times = fields.flatMap(([name, value]) => (name === 't' && value ? [value] : []))
  const [time] = times
  if (times.length !== 1 || time === undefined || !/^\d{1,12}$/.test(time)) return false
  if (Math.abs(now.getTime() / 1000 - Number(time)) > toleranceSeconds) return false
  const expected = createHmac('sha256', secret).update(`${time}.${body}`).digest()
  return fields.some(([name, value]) => {
    if (name !== 'v1' || value === undefined || !/^[0-9a-f]{64}$/.test(value)) return false
    return timingSafeEqual(Buffer.from(value, 'hex'), expected)
  })
}
