import { createAuthEndpoint } from '@better-auth/core/api'
import type { BetterAuthPlugin } from 'better-auth'
import { setSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'

/** Makes a session for whom we know by other means than a password: never a path, only a call. */
export const admission = {
  id: 'keywright-admission',
  endpoints: {
    admit: createAuthEndpoint.serverOnly(
      { method: 'POST', body: z.object({ person: z.string() }) },
      async ({ body, context, ...rest }) => {
        const user = await context.internalAdapter.findUserById(body.person)
        if (!user) return null
        const session = await context.internalAdapter.createSession(user.id)
        await setSessionCookie({ body, context, ...rest }, { session, user })
        return { user }
      },
    ),
  },
} satisfies BetterAuthPlugin
