import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startUpstream } from './support/echo-upstream.ts'
import { pasted } from './support/pasted.ts'

const program = fileURLToPath(new URL('../src/start.ts', import.meta.url))

interface Run {
  child: ChildProcess
  out: () => string
  err: () => string
  exit: Promise<number | null>
}

describe('npm start', () => {
  let folder: string
  const children: ChildProcess[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-start-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    }
    rmSync(folder, { recursive: true })
  })

  const anyPorts = ['--port', '0', '--control-port', '0']

  function start(args: string[] = [], env: Record<string, string> = {}, ports = anyPorts): Run {
    const child = spawn(process.execPath, ['--conditions=keywright-source', program, ...ports, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
    })
    children.push(child)
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (err += chunk))
    const exit = once(child, 'close').then(([code]) => code as number | null)
    return { child, out: () => out, err: () => err, exit }
  }

  async function started(args: string[] = [], env: Record<string, string> = {}): Promise<Run & { curls: string[] }> {
    const run = start(args, env)
    while (!run.out().includes('Stop with ctrl-c')) {
      const ended = await Promise.race([run.exit, once(run.child.stdout as NodeJS.ReadableStream, 'data')])
      if (!Array.isArray(ended)) throw new Error(`ended with ${ended}: ${run.err()}`)
    }
    return { ...run, curls: run.out().match(/curl .*?(?= && |\n)/g) ?? [] }
  }

  function isAnswered(url: string): Promise<boolean> {
    return fetch(url).then(
      async (response) => {
        await response.text()
        return true
      },
      () => false,
    )
  }

  it('prints lines that are allowed, refused, revoked and refused, and does so again the next time', async () => {
    for (let time = 0; time < 2; time++) {
      const { curls, child, exit, out } = await started()
      const [allowed, refused, revoke, refusedNow] = curls
      expect(curls).toHaveLength(4)
      const answer = await pasted(allowed as string, folder)()
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ method: 'GET', headers: { 'x-organization-id': 'demo' } })
      expect((await pasted(refused as string, folder)()).status).toBe(401)
      expect((await pasted(revoke as string, folder)()).status).toBe(200)
      expect((await pasted(refusedNow as string, folder)()).status).toBe(401)
      expect(out()).toMatch(/"edge":"http:\/\/127\.0\.0\.1:\d+","control":"http:\/\/127\.0\.0\.1:\d+".*"msg":"ready"/)
      child.kill('SIGTERM')
      expect(await exit).toBe(0)
    }
    expect(statSync(join(folder, '.keywright')).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, '.keywright/service-key')).mode & 0o777).toBe(0o600)
  }, 60_000)

  it('prints a line that a shell reads as it is meant, whatever the data folder is called', async () => {
    const { curls } = await started(['--data', "Ann's $data"])
    expect((await pasted(curls[2] as string, folder)()).status).toBe(200)
  })

  it('keeps its data, and ends the secret that was shown before', async () => {
    const first = await started()
    first.child.kill('SIGTERM')
    await first.exit
    const second = await started()
    expect((await pasted(second.curls[0] as string, folder)()).status).toBe(200)
    const [before, now] = [first, second].map(({ curls }) => /keys\/(key_\w+)\//.exec(curls[2] as string)?.[1])
    expect(now).toBe(before)
    const edge = (line: string) => line.replace(/http:\S+/, /http:\S+/.exec(second.curls[0] as string)?.[0] ?? '')
    expect((await pasted(edge(first.curls[0] as string), folder)()).status).toBe(401)
  }, 60_000)

  it('finishes what is under way when told to stop', async () => {
    let arrive = () => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const upstream = await startUpstream((request, response) => {
      request.once('data', arrive)
      request.pipe(response)
    })
    const { curls, child, exit } = await started(['--upstream', upstream.url])
    const url = /http:\S+/.exec(curls[0] as string)?.[0] as string
    const credential = /Bearer ([^']+)/.exec(curls[0] as string)?.[1]
    let send: (() => void) | undefined
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('begin '))
        send = () => {
          controller.enqueue(Buffer.from('end'))
          controller.close()
        }
      },
    })
    const answer = fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}` },
      body,
      duplex: 'half',
    })
    await arrived
    child.kill('SIGTERM')
    while (await isAnswered(url)) await sleep(20)
    send?.()
    expect(await (await answer).text()).toBe('begin end')
    expect(await exit).toBe(0)
    await upstream.stop()
  }, 60_000)

  it('goes on when nobody reads what it prints any more', async () => {
    const { curls, child, exit } = await started([], { KEYWRIGHT_ACCESS_LOG: 'true' })
    child.stdout?.destroy()
    for (let time = 0; time < 5; time++) {
      expect((await pasted(curls[0] as string, folder)()).status).toBe(200)
      await sleep(50)
    }
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
  }, 60_000)

  it('says which port is taken, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const taken = start([], { KEYWRIGHT_PORT: String(port) }, ['--control-port', '0'])
    expect(await taken.exit).toBe(1)
    expect(taken.err()).toBe(
      `error: Port ${port} on 127.0.0.1 cannot be opened: another program has it.\n` +
        'hint: Stop that program, or choose another port with --port.\n',
    )
    other.close()
  }, 60_000)

  it.each(['js', 'ts'])('repeats nothing of a configuration file in %s that has a slip', async (extension) => {
    writeFileSync(join(folder, `keywright.config.${extension}`), 'export default {\n  database: postgres hunter2,\n}\n')
    const { exit, out, err } = start()
    expect(await exit).toBe(2)
    expect(err()).toContain(
      `keywright.config.${extension} cannot be read: it is no JavaScript or TypeScript that can be run`,
    )
    expect(out() + err()).not.toContain('hunter2')
  })

  it.each([
    ["import { hpx } from './routes.ts'\nexport default { upstream: hpx }", "does not provide an export named 'hpx'"],
    ["import './broken.ts'\nexport default {}", 'broken.ts is no JavaScript or TypeScript that can be run, at line 3'],
    ['enum Port { edge }\nexport default {}', 'TypeScript enum is not supported'],
    ["export default JSON.parse('{hunter2')", 'cannot be read: it throws a SyntaxError'],
  ])('says what is wrong with a configuration file that cannot be run: %s', async (text, reason) => {
    writeFileSync(join(folder, 'routes.ts'), 'export const hopx = 1\n')
    writeFileSync(join(folder, 'broken.ts'), 'export const a = [\n  { b: 1 }\n  { hunter2: 2 },\n]\n')
    writeFileSync(join(folder, 'keywright.config.ts'), text)
    const { exit, out, err } = start()
    expect(await exit).toBe(2)
    expect(err()).toContain(reason)
    expect(out() + err()).not.toContain('hunter2')
  })

  it.each(['--help', '-h'])('says with %s which flags there are, and starts nothing', async (flag) => {
    const { exit, out, err } = start([flag], {}, [])
    expect([await exit, err()]).toEqual([0, ''])
    expect(out()).toMatch(/^ {2}--upstream <url> /m)
    expect(existsSync(join(folder, '.keywright'))).toBe(false)
  })

  it('says which flag is wrong, and what was meant', async () => {
    const { exit, err } = start(['--prot', '1'])
    expect(await exit).toBe(2)
    expect(err()).toBe('error: --prot is no flag of Keywright.\nhint: Did you mean --port?\n')
  })
})
