import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from './free-port.ts'

export interface RunningProxy {
  url: string
  stop: () => Promise<void>
}

/** `configure` is given a free port, and a folder of the proxy's own. */
export function startNginx(configure: (port: number, folder: string) => string): Promise<RunningProxy> {
  return start('nginx', configure, (server, folder) => {
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`)
    const user = process.getuid?.() === 0 ? 'user root;' : ''
    const main = `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;`
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${main}\nevents {}\nhttp { access_log off; ${paths.join(' ')}\n${server}\n}\n`,
    )
    return ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')]
  })
}

export function startCaddy(configure: (port: number, folder: string) => string): Promise<RunningProxy> {
  return start('caddy', configure, (caddyfile, folder) => {
    writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${caddyfile}`)
    return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
  })
}

export function startHaproxy(configure: (port: number, folder: string) => string): Promise<RunningProxy> {
  return start('haproxy', configure, (configuration, folder) => {
    writeFileSync(join(folder, 'haproxy.cfg'), configuration)
    return ['-db', '-f', join(folder, 'haproxy.cfg')]
  })
}

/** It reads what it is started beside, and listens before it has read its routes. */
export async function startTraefik(configure: (port: number, folder: string) => string): Promise<RunningProxy> {
  const prepare = (configuration: string, folder: string) => {
    writeFileSync(join(folder, 'traefik.yaml'), configuration)
    return []
  }
  const proxy = await start('traefik', configure, prepare, { inFolder: true })
  while ((await fetch(`${proxy.url}/v1`)).status === 404) await pause(20)
  return proxy
}

export function startEnvoy(configure: (port: number, folder: string) => string): Promise<RunningProxy> {
  return start('envoy', configure, (configuration, folder) => {
    writeFileSync(join(folder, 'envoy.yaml'), configuration)
    return ['-c', join(folder, 'envoy.yaml'), '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error']
  })
}

export function isInstalled(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)))
}

async function start(
  command: string,
  configure: (port: number, folder: string) => string,
  prepare: (configuration: string, folder: string) => string[],
  { inFolder = false } = {},
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `keywright-${command}-`))
  const port = await freePort()
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const cwd = inFolder ? folder : process.cwd()
  const args = prepare(configure(port, folder), folder)
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], env })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const ended = once(child, 'exit')
  let failed: unknown = null
  ended.catch((error) => {
    failed = error
  })
  while (!(await isOpen(port))) {
    if (failed !== null || child.exitCode !== null) throw new Error(`${command} does not start: ${failed ?? errors}`)
    await pause(20)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
