// The oldest Node that core and client support, for the test that runs them there.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'

const version = '20.12.2'

/** Fetches it into .tools/ once. Its packages are complete for Linux alone, so elsewhere it is the Node that runs this. */
export async function oldestNode({ root, npm, node, env }) {
  if (process.platform !== 'linux') return node
  const folder = join(root, '.tools', 'oldest')
  const name = `node-linux-${process.arch}`
  const manifest = join(folder, 'node_modules', name, 'package.json')
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== version) {
    mkdirSync(folder, { recursive: true })
    const flags = ['--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    await run(node, [npm, 'install', ...flags, `${name}@${version}`], { cwd: folder, env })
  }
  return join(folder, 'node_modules', name, 'bin', 'node')
}
