import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ConnectionError,
  Keywright,
  KeywrightError,
  type KeywrightOptions,
  ProblemError,
  TimeoutError,
} from '../src/index.ts'

type Handler = (request: IncomingMessage & { text: string }, response: ServerResponse) => void

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A server that answers each call with the next handler, the last one from then on. */
async function serverThat(...handlers: Handler[]) {
  const calls: { method: string; url: string; headers: IncomingMessage['headers']; text: string }[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    calls.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, text })
    const handler = handlers[Math.min(calls.length, handlers.length) - 1]
    handler?.(Object.assign(request, { text }), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

function answers(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

const project = { id: 'prj_1', organization: 'acme', name: 'Web', createdAt: '2026-01-01T00:00:00.000Z' }
const fails = (status: number, headers = {}) =>
  answers(status, { code: 'unavailable', title: 'T', detail: 'D' }, headers)

describe('a call', () => {
  it('carries the credential, and its body as JSON', async () => {
    const server = await serverThat(answers(201, project))
    const keywright = new Keywright({ url: `${server.url}/`, credential: 'kwo_secret' })
    expect(await keywright.projects.create({ organization: 'acme', name: 'Web' })).toEqual(project)
    expect(server.calls[0]).toMatchObject({
      method: 'POST',
      url: '/v1/projects',
      headers: { authorization: 'Bearer kwo_secret', 'content-type': 'application/json' },
      text: '{"organization":"acme","name":"Web"}',
    })
  })

  it('takes a credential from a variable that may not be set', () => {
    const credential = process.env.NO_SUCH_VARIABLE
    expect(() => new Keywright({ url: 'http://127.0.0.1:1', credential })).not.toThrow()
  })

  it('sends what is given as a filter, and nothing for what is not', async () => {
    const server = await serverThat(answers(200, { keys: [], nextCursor: null }))
    await new Keywright(server).keys.list({ organization: 'acme', project: undefined, limit: 5 }).page()
    expect(server.calls[0]?.url).toBe('/v1/keys?organization=acme&limit=5')
  })

  it.each(['../organizations', 'a/b', 'a?b', '%2e%2e', 'a#b'])(
    'keeps the id %j inside its segment of the path',
    async (id) => {
      const server = await serverThat(answers(200, project))
      await new Keywright(server).projects.get(id)
      expect(server.calls[0]?.url).toBe(`/v1/projects/${encodeURIComponent(id)}`)
    },
  )

  it.each(['', '.', '..', 'key_\ud800'])('refuses %j as an id', async (id) => {
    const server = await serverThat(answers(200, project))
    expect(() => new Keywright(server).projects.get(id)).toThrow(expect.objectContaining({ code: 'invalid_id' }))
    expect(server.calls).toEqual([])
  })

  it('never follows a redirect with the credential', async () => {
    const elsewhere = await serverThat(answers(200, project))
    const server = await serverThat(answers(302, '', { location: `${elsewhere.url}/v1/projects/prj_1` }))
    const keywright = new Keywright({ url: server.url, credential: 'kwo_secret' })
    await expect(keywright.projects.get('prj_1')).rejects.toMatchObject({
      code: 'redirected',
      message: `${server.url} redirects, which is not followed. Is this Keywright's own address, to the letter?`,
    })
    expect([server.calls.length, elsewhere.calls]).toEqual([1, []])
  })

  it('asks nothing of fetch that the edge runtimes have not', async () => {
    const server = await serverThat(answers(200, project))
    // As in Cloudflare Workers.
    const fetch = async (url: string, init: RequestInit) => {
      if (init.redirect === 'error') throw new TypeError('Invalid redirect value, must be one of "follow" or "manual"')
      return globalThis.fetch(url, init)
    }
    expect(await new Keywright({ url: server.url, fetch, retries: 0 }).projects.get('prj_1')).toEqual(project)
  })

  it('knows a redirect that a browser hides', async () => {
    const fetch = async () => Object.defineProperties(Response.error(), { type: { value: 'opaqueredirect' } })
    const asked = new Keywright({ url: 'http://127.0.0.1:1', fetch }).projects.get('prj_1')
    await expect(asked).rejects.toMatchObject({ code: 'redirected', message: expect.stringContaining('redirects') })
  })
})

describe('a problem', () => {
  it('becomes a typed error with its code, its fields and the request id', async () => {
    const problem = {
      code: 'invalid_request',
      title: 'The request is not valid',
      status: 422,
      detail: 'name is missing.',
      errors: [{ field: 'name', message: 'is missing' }],
    }
    const server = await serverThat(answers(422, problem, { 'x-request-id': 'req_7' }))
    const error = await new Keywright(server).projects
      .create({ organization: 'acme', name: '' })
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ProblemError)
    expect(error).toMatchObject({
      code: 'invalid_request',
      status: 422,
      message: 'name is missing.',
      errors: [{ field: 'name', message: 'is missing' }],
      requestId: 'req_7',
      retryAfterMs: null,
    })
  })

  it('says how long to wait, where the server does', async () => {
    const server = await serverThat(fails(429, { 'retry-after': '3600' }))
    const created = new Keywright(server).projects.create({ organization: 'acme', name: 'Web' })
    await expect(created).rejects.toMatchObject({ status: 429, retryAfterMs: 3_600_000 })
  })

  it('is still an error with a code where something in between answered in HTML', async () => {
    const server = await serverThat(answers(403, '<h1>Forbidden</h1>'))
    await expect(new Keywright(server).whoami()).rejects.toMatchObject({ code: 'http_403', status: 403 })
  })

  it('has a code and no sentence for one where another API answered in its own words', async () => {
    const server = await serverThat(answers(401, { error: 'The API key is not valid.' }))
    await expect(new Keywright(server).whoami()).rejects.toMatchObject({ code: 'http_401', status: 401 })
  })

  it.each(['<!doctype html>', 'null', '[]', '7'])('is said of a 200 that is no JSON object: %s', async (body) => {
    const server = await serverThat(answers(200, body))
    const error = await new Keywright(server).whoami().catch((e: unknown) => e)
    expect(error).toBeInstanceOf(KeywrightError)
    expect(error).toMatchObject({ code: 'unreadable_answer' })
  })
})

describe('an answer', () => {
  it.each<[string, (keywright: Keywright) => Promise<unknown>]>([
    ['credential', ({ keys }) => keys.create({ organization: 'acme', name: 'ci' })],
    ['revokedAt', ({ keys }) => keys.delete('key_1')],
    ['versions', ({ keys }) => keys.get('key_1')],
    ['type', (keywright) => keywright.whoami()],
    ['docs', (keywright) => keywright.contract()],
    ['usage', ({ usage }) => usage.list().page()],
    ['person or secondFactor', ({ signIn }) => signIn.withPassword({ email: 'ann@example.com', password: 'x' })],
  ])('without its %s is of another server', async (member, call) => {
    const server = await serverThat(answers(200, { hello: 'world' }))
    const error = { code: 'unreadable_answer', message: expect.stringContaining(`no ${member}`) }
    await expect(call(new Keywright(server))).rejects.toMatchObject(error)
  })

  it('is what its call is for, even where members are missing that tell nothing', async () => {
    const server = await serverThat(answers(200, { secondFactor: true }))
    const signedIn = new Keywright(server).signIn.withPassword({ email: 'ann@example.com', password: 'x' })
    expect(await signedIn).toEqual({ secondFactor: true })
  })
})

describe('retries', () => {
  it('repeat a read that found the server unavailable, after the time it named', async () => {
    const server = await serverThat(
      fails(503, { 'retry-after': '0' }),
      fails(429, { 'retry-after': '0' }),
      answers(200, project),
    )
    expect(await new Keywright(server).projects.get('prj_1')).toEqual(project)
    expect(server.calls).toHaveLength(3)
  })

  it('give up after the tries allowed, with the last answer', async () => {
    const server = await serverThat(fails(503, { 'retry-after': '0' }))
    await expect(new Keywright({ ...server, retries: 1 }).whoami()).rejects.toMatchObject({ status: 503 })
    expect(server.calls).toHaveLength(2)
  })

  it('do not wait for hours', async () => {
    const server = await serverThat(fails(429, { 'retry-after': '7200' }))
    await expect(new Keywright(server).whoami()).rejects.toMatchObject({ status: 429 })
    expect(server.calls).toHaveLength(1)
  })

  it('never repeat a change that has no idempotency key', async () => {
    const server = await serverThat(fails(503, { 'retry-after': '0' }), answers(201, project))
    const created = new Keywright(server).projects.create({ organization: 'acme', name: 'Web' })
    await expect(created).rejects.toMatchObject({ status: 503 })
    expect(server.calls).toHaveLength(1)
  })

  it('repeat a change that has one, with the same key', async () => {
    const server = await serverThat((request) => request.socket.destroy(), answers(201, project))
    const options = { idempotencyKey: 'order-1' }
    expect(await new Keywright(server).projects.create({ organization: 'acme', name: 'Web' }, options)).toEqual(project)
    expect(server.calls.map((call) => call.headers['idempotency-key'])).toEqual(['order-1', 'order-1'])
  })

  it.each(['', 'order 1', 'order №1', 'a'.repeat(256)])('are not begun with the key %j', async (idempotencyKey) => {
    const server = await serverThat(answers(201, project))
    const created = new Keywright(server).projects.create({ organization: 'acme', name: 'Web' }, { idempotencyKey })
    await expect(created).rejects.toMatchObject({ code: 'invalid_idempotency_key' })
    expect(server.calls).toHaveLength(0)
  })

  it('leave the server alone that has waited for its nodes in vain', async () => {
    const server = await serverThat(answers(504, { code: 'nodes_pending', title: 'T', detail: 'D' }))
    const options = { idempotencyKey: 'revoke-1' }
    const revoked = new Keywright(server).keys.revoke('key_1', { wait: 'all' }, options)
    await expect(revoked).rejects.toMatchObject({ code: 'nodes_pending' })
    expect(server.calls.map(({ url }) => url)).toEqual(['/v1/keys/key_1/revoke?wait=all'])
  })

  const running = (retryAfter: string) =>
    answers(409, { code: 'idempotency_running', title: 'T', detail: 'D' }, { 'retry-after': retryAfter })
  const create = (options: KeywrightOptions, signal = new AbortController().signal) =>
    new Keywright(options).projects.create({ organization: 'acme', name: 'Web' }, { idempotencyKey: 'order-1', signal })

  it('wait for the answer of a call that is still carried out, however often they are told to', async () => {
    const waits = Array(5).fill(running('0'))
    const server = await serverThat((request) => request.socket.destroy(), ...waits, answers(201, project))
    expect(await create(server)).toEqual(project)
    expect(server.calls).toHaveLength(7)
  })

  it('do so for half a minute, not where the caller wants none, and no longer than it waits', async () => {
    const server = await serverThat(running('31'), running('0'), running('20'))
    await expect(create(server)).rejects.toMatchObject({ code: 'idempotency_running' })
    await expect(create({ ...server, retries: 0 })).rejects.toMatchObject({ code: 'idempotency_running' })
    await expect(create(server, AbortSignal.timeout(1_000))).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(server.calls).toHaveLength(3)
  })

  it('leave a refusal alone', async () => {
    const server = await serverThat(fails(404))
    await expect(new Keywright(server).projects.get('prj_1')).rejects.toMatchObject({ status: 404 })
    expect(server.calls).toHaveLength(1)
  })
})

describe('a server that does not answer', () => {
  it('is named where nothing listens', async () => {
    const keywright = new Keywright({ url: 'http://127.0.0.1:9', retries: 0 })
    const error = await keywright.whoami().catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('http://127.0.0.1:9') })
  })

  it('is told by the code where none of its addresses leads there and Node has no words for it', () => {
    const all = Object.assign(new AggregateError([]), { code: 'EHOSTUNREACH' })
    const { message } = new ConnectionError('http://keys.example.com', new TypeError('fetch failed', { cause: all }))
    expect(message).toBe('No answer from http://keys.example.com: EHOSTUNREACH. Is Keywright running there?')
  })

  it('is said to speak no https where it does not, in one line', async () => {
    const { url } = await serverThat(answers(200, {}))
    const keywright = new Keywright({ url: url.replace('http:', 'https:'), retries: 0 })
    await expect(keywright.whoami()).rejects.toThrow(/^No answer from https:.*: it speaks no https there\. .*$/)
  })

  it('is given up after the time allowed', async () => {
    const server = await serverThat(() => {})
    const keywright = new Keywright({ ...server, timeoutMs: 50, retries: 0 })
    await expect(keywright.whoami()).rejects.toBeInstanceOf(TimeoutError)
  })

  it('is called the server where it is the origin of the page', async () => {
    const never: KeywrightOptions['fetch'] = (_, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const late = new Keywright({ url: '', timeoutMs: 50, retries: 0, fetch: never })
    await expect(late.whoami()).rejects.toThrow('The server did not answer within 0.05 s.')
    const away = new Keywright({ url: '', retries: 0, fetch: () => Promise.reject(new TypeError('fetch failed')) })
    await expect(away.whoami()).rejects.toThrow('No answer from the server: ')
  })

  it('is left at once when the caller aborts, also between two tries', async () => {
    const server = await serverThat(fails(503, { 'retry-after': '20' }))
    const abort = new AbortController()
    const call = new Keywright(server).whoami({ signal: abort.signal })
    setTimeout(() => abort.abort(new Error('enough')), 50)
    await expect(call).rejects.toThrow('enough')
  })

  it('never has the credential in its error', async () => {
    const keywright = new Keywright({ url: 'http://127.0.0.1:9', credential: 'kwo_canary', retries: 0 })
    const error = await keywright.whoami().catch((e: Error) => e)
    expect(JSON.stringify(error) + String(error)).not.toContain('canary')
  })
})

describe('a credential', () => {
  it.each(['kwo_canary\nInjected: yes', 'kwo_canary\0', '“kwo_canary”', ''])(
    'that no header can carry is refused, and never quoted: %j',
    (credential) => {
      const open = () => new Keywright({ url: 'http://127.0.0.1:9', credential })
      expect(open).toThrow(KeywrightError)
      expect(open).toThrow(/^(?!.*canary)/s)
    },
  )

  it('may come with the line break of its file', async () => {
    const server = await serverThat(answers(200, project))
    await new Keywright({ ...server, credential: 'kwo_secret\n' }).projects.get('prj_1')
    expect(server.calls[0]?.headers.authorization).toBe('Bearer kwo_secret')
  })
})

describe('a timeout', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('of %d ms is refused', (timeoutMs) => {
    const open = () => new Keywright({ url: 'http://127.0.0.1:9', timeoutMs })
    expect(open).toThrow(expect.objectContaining({ code: 'invalid_timeout' }))
  })
})

describe('further tries', () => {
  it.each([-1, Number.NaN, '2'])('are not %j', (retries) => {
    const open = () => new Keywright({ url: 'http://127.0.0.1:9', retries: retries as number })
    expect(open).toThrow(expect.objectContaining({ code: 'invalid_retries' }))
  })
})

describe('a url', () => {
  it.each([
    'http://someone:canary@127.0.0.1:9',
    'https://canary@example.com',
    'http://someone:cana/ry@127.0.0.1:9',
    'https://someone:p#canary@example.com',
    '//someone:canary@example.com',
    'canary:8788',
    'canary',
    'file:///canary',
  ])('that cannot be asked, or holds a password, is refused and never quoted: %s', (url) => {
    const open = () => new Keywright({ url })
    expect(open).toThrow(expect.objectContaining({ code: 'invalid_url' }))
    expect(open).toThrow(/^(?!.*canary)/s)
  })

  it.each(['', '/keys'])('may be what a browser completes: %j', async (url) => {
    const asked: string[] = []
    const fetch = async (target: string) => {
      asked.push(target)
      return Response.json(project)
    }
    await new Keywright({ url, fetch }).projects.get('prj_1')
    expect(asked).toEqual([`${url}/v1/projects/prj_1`])
  })
})

describe('a login from a terminal', () => {
  const started = {
    deviceCode: 'code',
    userCode: 'BCDF-GHJK',
    verificationUri: 'http://127.0.0.1/device',
    verificationUriComplete: 'http://127.0.0.1/device?user_code=BCDF-GHJK',
    expiresInSeconds: 600,
    intervalSeconds: 0,
  }

  it('goes on after a server that was away for a moment, less often', async () => {
    const toMaintenance = answers(302, '', { location: '/maintenance' })
    const outages: Handler[] = [(request) => request.socket.destroy(), () => {}, fails(503), fails(429), toMaintenance]
    const logins = outages.map(async (outage) => {
      const server = await serverThat(outage, answers(200, { access_token: 'kwc_token' }))
      return new Keywright({ ...server, timeoutMs: 500 }).deviceLogins.finish(started)
    })
    expect(await Promise.all(logins)).toEqual(outages.map(() => 'kwc_token'))
  }, 20_000)

  it('that is not begun says why, in the words of OAuth', async () => {
    const said = { error: 'too_many_attempts', error_description: 'Wait for a minute.' }
    const server = await serverThat(answers(400, said))
    const begun = new Keywright(server).deviceLogins.start('laptop')
    await expect(begun).rejects.toMatchObject({ code: 'too_many_attempts', message: 'Wait for a minute.', status: 400 })
  })

  it('ends with what was wrong once its code is too old', async () => {
    const server = await serverThat(fails(503))
    const login = new Keywright(server).deviceLogins.finish({ ...started, expiresInSeconds: 0 })
    await expect(login).rejects.toMatchObject({ status: 503 })
    expect(server.calls).toHaveLength(1)
  })

  it('ends at once where its caller has given up already', async () => {
    const { deviceLogins } = new Keywright({ url: 'http://127.0.0.1:9' })
    const login = deviceLogins.finish({ ...started, intervalSeconds: 600 }, { signal: AbortSignal.abort('enough') })
    await expect(login).rejects.toBe('enough')
  })
})

describe('a list', () => {
  const pages = () =>
    serverThat((request, response) => {
      const cursor = new URL(request.url ?? '', 'http://localhost').searchParams.get('cursor')
      const page =
        cursor === null ? { keys: [{ id: 'key_1' }], nextCursor: 'c1' } : { keys: [{ id: 'key_2' }], nextCursor: null }
      answers(200, page)(request, response)
    })

  it('is read page after page while it is iterated, with the filter on each', async () => {
    const server = await pages()
    const ids: string[] = []
    for await (const key of new Keywright(server).keys.list({ organization: 'acme' })) ids.push(key.id)
    expect(ids).toEqual(['key_1', 'key_2'])
    expect(server.calls.map((call) => call.url)).toEqual([
      '/v1/keys?organization=acme',
      '/v1/keys?organization=acme&cursor=c1',
    ])
  })

  it('asks for no further page than was iterated', async () => {
    const server = await pages()
    for await (const _ of new Keywright(server).keys.list()) break
    expect(server.calls).toHaveLength(1)
  })

  it('that something else answers is refused in words', async () => {
    const server = await serverThat(answers(200, { hello: 'world' }))
    const error = { code: 'unreadable_answer', message: expect.stringContaining('no keys') }
    await expect(new Keywright(server).keys.list().page()).rejects.toMatchObject(error)
  })

  it('gives one page as it was answered', async () => {
    const server = await pages()
    expect(await new Keywright(server).keys.list().page()).toEqual({ keys: [{ id: 'key_1' }], nextCursor: 'c1' })
  })
})
