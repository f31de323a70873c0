// npm start [-- <flags of keywright serve>]
import { join } from 'node:path'
import { exitAs, outcomeOf } from './run.mjs'
import { root, setup } from './setup.mjs'

const { node, env } = await setup()
const program = join(root, 'packages/server/dist/start.js')
exitAs(await outcomeOf(node, [program, ...process.argv.slice(2)], { env }))
