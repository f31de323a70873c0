import type { EdgeRequest } from './edge-routes.ts'

/**
 * The same request, with `ask` put once more when its body is there: a body may take its time, in which its sender can
 * lose what they came with.
 * @param ask throws where they may not
 */
export function askAgain(request: EdgeRequest, ask: () => Promise<unknown>): EdgeRequest {
  return {
    ...request,
    async readBody(mostBytes) {
      const body = await request.readBody(mostBytes)
      await ask()
      return body
    },
  }
}
