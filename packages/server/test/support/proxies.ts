import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

async function start(
  command: string,
  configure: (port: number, folder: string) => string,
  prepare: (configuration: string, folder: string) => string[],
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `keywright-${command}-`))
  const port = await freePort()
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(command, prepare(configure(port, folder), folder), { stdio: ['ignore', 'ignore', 'pipe'], env })
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
