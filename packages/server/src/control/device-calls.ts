import { canonicalAddress } from '@keywright/core'
import type { Hono } from 'hono'
import type { DeviceWire } from '../sign-in/device/wire.ts'
import { requireSignIn } from '../sign-in/guard.ts'
import { readBody } from './body.ts'
import type { ControlDeps } from './deps.ts'
import type { Env } from './mount.ts'

/** The calls of RFC 8628, which have that standard's own words for what is wrong, and take forms too. */
const deviceCalls = { '/api/auth/device/code': 'code', '/api/auth/device/token': 'token' } as const

export function mountDeviceCalls(app: Hono<Env>, deps: ControlDeps): void {
  for (const [path, call] of Object.entries(deviceCalls) as [string, keyof DeviceWire][]) {
    app.post(path, async (context) => {
      const { wire } = requireSignIn(deps)
      const { headers, status, body } = await wire[call]({
        contentType: context.req.header('content-type') ?? null,
        body: await readBody(context.req.raw),
        address: canonicalAddress(context.env.peer),
        requestId: context.get('requestId'),
      })
      return new Response(body, { status, headers })
    })
  }
}
