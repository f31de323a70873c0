import { z } from '@hono/zod-openapi'
import { route } from '../../control/route.ts'
import { requireFollower } from './access.ts'

export const stopFollowingRoute = route({
  operationId: 'stopFollowing',
  method: 'delete',
  path: '/v1/followers/{follower}',
  tag: 'Followers',
  summary: 'Let nobody wait for a process that has stopped',
  description:
    'For a process that accepts no key any more. One that goes away without this is waited for until its time is up. ' +
    'Its name is taken back after 5 seconds at the earliest, since a poll that was sent before may arrive later.',
  permission: 'verify',
  answer: {
    status: 200,
    description: 'Receipts do not wait for it.',
    schema: z.strictObject({ follower: z.string() }).openapi('FollowerLeft'),
    example: { follower: 'follower_01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  },
  problems: [],
  async handle({ params: { follower }, caller, deps }) {
    requireFollower(caller)
    // Nobody follows under any other, and a database may not take it.
    if (followerName.test(follower)) await deps.nodes.leave(followerNode(follower))
    return { follower }
  },
})

export const followerName = /^[A-Za-z0-9._-]{1,64}$/

/** Told apart from nodes, whatever it calls itself. */
export function followerNode(follower: string): string {
  return `follower:${follower}`
}
