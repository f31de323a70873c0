// Makes a checkout ready to run: a suitable Node, the dependencies, the build. What is there already is left alone.
// Runs on old Nodes and before anything is installed, so it uses nothing but Node's own modules.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'
import { removeStale } from './stale.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))

const privateNodeVersion = '24.21.0'
const privateNpmVersion = '11.21.2'
const tools = join(root, '.tools')

/** @returns the Node to go on with, and an environment in which `node` is that one too */
export async function setup({ build = true } = {}) {
  requireBuildable()
  const node = isSuitable() ? process.execPath : await privateNode()
  const env = { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH }
  await installDependencies(node, env)
  if (build) {
    await run(node, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, env })
    removeStale(root)
    if (!isConsoleBuilt()) await run(node, consoleBuild, { cwd: root, env })
  }
  return { node, env }
}

/** What Node is to run for the web console. */
export const consoleBuild = [
  join(root, 'node_modules/vite/bin/vite.js'),
  'build',
  join(root, 'packages/console'),
  '--logLevel=warn',
]

/** Whether nothing that the console is made of is newer than what was made of it. */
export function isConsoleBuilt() {
  const built = join(root, 'packages/server/dist/web/index.html')
  if (!existsSync(built)) return false
  const sources = ['packages/console/src', 'packages/console/public', 'packages/client/src'].flatMap((folder) =>
    filesIn(join(root, folder)),
  )
  const settings = ['index.html', 'package.json', 'vite.config.ts'].map((file) => join(root, 'packages/console', file))
  return [...sources, ...settings].every((file) => changedAt(file) <= changedAt(built))
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesIn(path) : [path]
  })
}

/** The build takes these for the end of a path, or for another. */
function requireBuildable() {
  if (!/[#?*]/.test(root)) return
  say(`error: Keywright cannot be built in ${root}: there is a #, ? or * in its name.`)
  say('hint: Move it, or give the folder another name.')
  process.exit(1)
}

function isSuitable() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return (major > 22 || (major === 22 && minor >= 19)) && Number(process.versions.napi) >= 10
}

/** It comes with its own npm: npm chooses versions by the Node it runs on, and an old npm may not run on this one. */
async function privateNode() {
  const name = `node-${process.platform}-${process.arch}`
  const wanted = { [name]: privateNodeVersion, npm: privateNpmVersion }
  if (Object.keys(wanted).some((tool) => installedVersion(tool) !== wanted[tool])) {
    say(`Node ${process.version} is too old to run Keywright; fetching Node ${privateNodeVersion} into .tools/`)
    mkdirSync(tools, { recursive: true })
    const packages = Object.keys(wanted).map((tool) => `${tool}@${wanted[tool]}`)
    const flags = ['--prefix', tools, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    await run(process.execPath, [npmOf(process.execPath), 'install', ...flags, ...packages], { cwd: tools })
  }
  return join(tools, 'node_modules', name, 'bin/node')
}

function installedVersion(tool) {
  const manifest = join(tools, 'node_modules', tool, 'package.json')
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version
}

async function installDependencies(node, env) {
  // npm writes this file last, after the lock file too, so it is older only where the lock file came from elsewhere.
  const installed = join(root, 'node_modules/.package-lock.json')
  if (existsSync(installed) && changedAt(installed) >= changedAt(join(root, 'package-lock.json'))) return
  say('installing the dependencies')
  await run(node, [npmOf(node), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, env })
}

function changedAt(path) {
  return statSync(path).mtimeMs
}

/** The npm that started this script, the private one, or the one that lies beside the running Node. */
export function npmOf(node) {
  if (node.startsWith(tools)) return join(tools, 'node_modules/npm/bin/npm-cli.js')
  const prefix = join(dirname(realpathSync(node)), '..')
  const candidates = [
    process.env.npm_execpath || '',
    join(prefix, 'lib/node_modules/npm/bin/npm-cli.js'),
    join(prefix, 'bin/node_modules/npm/bin/npm-cli.js'),
    join(prefix, 'share/nodejs/npm/bin/npm-cli.js'),
  ]
  const npm = candidates.find((path) => path.endsWith('npm-cli.js') && existsSync(path))
  if (npm) return npm
  throw new Error('npm was not found beside Node. Start this through `npm start` or `npm test`.')
}

function say(line) {
  process.stderr.write(`${line}\n`)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await setup()
