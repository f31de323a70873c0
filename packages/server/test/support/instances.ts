import type { Issued } from '@keywright/core'
import { startUpstream, type Upstream } from './echo-upstream.ts'
import { startServer, type TestServer } from './start-server.ts'

/** One started server a contract, with an upstream and two keys of different holders. */
export interface Stage {
  server: TestServer
  upstream: Upstream
  key: Issued
  other: Issued
}

export async function startStage(contract: string): Promise<Stage> {
  const upstream = await startUpstream()
  const server = await startServer({ contract, upstream: upstream.url })
  const key = await server.issue({ limits: [] })
  const other = await server.issueElsewhere()
  return { server, upstream, key, other }
}

export async function stopStage({ server, upstream }: Stage): Promise<void> {
  await server.stop()
  await upstream.stop()
}
