import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

interface Letter {
  from: string
  to: string[]
  text: string
  link: string
}

let mailbox: SMTPServer
const letters: Letter[] = []
let server: TestServer
let operator: SignedUp

beforeAll(async () => {
  mailbox = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _, done) =>
      done(username === 'keys' && password === 'mail-secret' ? null : new Error('No.'), { user: 'keys' }),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=')
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        const to = envelope.rcptTo.map(({ address }) => address)
        letters.push({ from, to, text, link: /http\S+/.exec(text)?.[0] ?? '' })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => mailbox.listen(0, '127.0.0.1', resolve))
  const { port } = mailbox.server.address() as AddressInfo
  server = await startServer({
    contract: 'keywright',
    env: {
      KEYWRIGHT_SIGN_UP: 'open',
      KEYWRIGHT_SMTP_URL: `smtp://keys:mail-secret@127.0.0.1:${port}`,
      KEYWRIGHT_MAIL_FROM: 'Keys <keys@example.com>',
    },
  })
  operator = await becomeOperator(server)
})
afterAll(async () => {
  await server?.stop()
  await new Promise<void>((resolve) => mailbox.close(resolve))
})

const letterTo = (address: string) =>
  expect.poll(() => letters.find(({ to }) => to.includes(address)), { timeout: 10_000 })
const found = async (address: string) => {
  await letterTo(address).toBeDefined()
  return letters.findLast(({ to }) => to.includes(address)) as Letter
}
const forget = (email: string) => openBrowser(server).call('POST', '/api/auth/password/forgot', { email })

describe('an instance that can send mail', () => {
  it('sends an invitation to the address it is for', async () => {
    const call = operator.browser.call
    const { json } = await call('POST', '/v1/organizations/acme/invitations', {
      email: 'bob@example.com',
      role: 'admin',
    })
    const { from, text, link } = await found('bob@example.com')
    expect([from, link]).toEqual(['keys@example.com', json.link])
    expect(text).toContain('acme as admin')
    const bob = await signUp(server, { email: 'bob@example.com', invitation: tokenOf(link) })
    expect((await bob.browser.call('GET', '/v1/whoami')).json.organizations).toMatchObject([
      { id: 'acme', role: 'admin' },
    ])
  })

  it('sends a link to who has forgotten their password, which works once', async () => {
    const { email } = await signUp(server)
    const { status, json } = await forget(email.toUpperCase())
    expect([status, json]).toEqual([202, { byMail: true }])
    const token = tokenOf((await found(email)).link)
    const password = 'a much better password'
    const reset = () => openBrowser(server).call('POST', '/api/auth/password/reset', { token, password })
    expect([(await reset()).status, (await reset()).status]).toEqual([200, 410])
    const signedIn = await openBrowser(server).call('POST', '/api/auth/sign-in/email', { email, password })
    expect(signedIn.status).toBe(200)
    expect(server.log()).not.toContain(token)
    expect(server.log()).not.toContain('mail-secret')
  })

  it('answers for an address without an account as for one that has one, and sends it nothing', async () => {
    const { email } = await signUp(server)
    const [known, unknown] = [await forget(email), await forget('stranger@example.com')]
    const { requestId: _, ...headers } = Object.fromEntries(known.headers)
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text])
    expect(Object.keys(headers).sort()).toEqual([...unknown.headers.keys()].sort())
    await found(email)
    expect(letters.some(({ to }) => to.includes('stranger@example.com'))).toBe(false)
  })

  it('fills nobody’s mailbox: five letters an hour for one address', async () => {
    const { email } = await signUp(server)
    const answers = await Promise.all(Array.from({ length: 7 }, () => forget(email)))
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2)
  })

  const sentTo = (email: string) => letters.filter(({ to }) => to.some((one) => one.toLowerCase() === email))

  async function ownerOf({ isProved }: { isProved: boolean }) {
    const { email, browser } = await signUp(server)
    const [{ id = '' } = {}] = (await browser.call('GET', '/v1/whoami')).json.organizations
    if (isProved) {
      await forget(email)
      const reset = { token: tokenOf((await found(email)).link), password: goodPassword }
      await openBrowser(server).call('POST', '/api/auth/password/reset', reset)
      await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    }
    return async (email: string) => {
      const to = { email, role: 'member' }
      const { status, json } = await browser.call('POST', `/v1/organizations/${id}/invitations`, to)
      expect([status, tokenOf(json.link)]).toEqual([201, expect.stringMatching(/^kwi_/)])
      return json.byMail
    }
  }

  it('writes for nobody who signed up with an address that nothing has proved, and says so', async () => {
    const [unproved, proved] = [await ownerOf({ isProved: false }), await ownerOf({ isProved: true })]
    expect([await unproved('target-1@example.com'), await proved('target-2@example.com')]).toEqual([false, true])
    await found('target-2@example.com')
    expect(sentTo('target-1@example.com')).toEqual([])
  })

  it('fills no stranger’s mailbox: five letters an hour, and invitations of others are made all the same', async () => {
    const invite = await ownerOf({ isProved: true })
    const byMail = []
    for (let i = 0; i < 7; i++) byMail.push(await invite(i % 2 ? 'stranger-1@example.com' : 'Stranger-1@Example.com'))
    expect(byMail).toEqual([true, true, true, true, true, false, false])
    const { status, json } = await operator.browser.call('POST', '/v1/operators/invitations', {
      email: 'stranger-1@example.com',
    })
    expect([status, json.byMail]).toEqual([201, false])
    await expect.poll(() => sentTo('stranger-1@example.com').length).toBe(5)

    const many = await Promise.all(Array.from({ length: 95 }, (_, i) => invite(`one-of-many-${i}@example.com`)))
    expect(many.filter((sent) => sent)).toHaveLength(93)
    expect(await invite('late@example.com')).toBe(false)
    expect(sentTo('late@example.com')).toEqual([])
  })

  it('bounds no machine by how many it invites, which are its provider’s own customers', async () => {
    const api = controlApi(server.control)
    const answers = await Promise.all(
      Array.from({ length: 101 }, (_, i) =>
        api('POST', '/v1/organizations/acme/invitations', {
          body: { email: `customer-${i}@example.com`, role: 'member' },
        }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  })

  it('keeps working where the mail server is away', async () => {
    const lonely = await startServer({
      contract: 'keywright',
      env: { KEYWRIGHT_SMTP_URL: 'smtp://127.0.0.1:9', KEYWRIGHT_MAIL_FROM: 'keys@example.com' },
    })
    const { browser } = await becomeOperator(lonely)
    const invited = await browser.call('POST', '/v1/organizations/acme/invitations', {
      email: 'bob@example.com',
      role: 'member',
    })
    expect([invited.status, invited.json.link.startsWith('http')]).toEqual([201, true])
    await expect.poll(() => lonely.log(), { timeout: 10_000 }).toContain('a letter could not be sent')
    await lonely.stop()
  })

  it('sends no letter unencrypted to another machine', async () => {
    const { port } = mailbox.server.address() as AddressInfo
    const remote = await startServer({
      contract: 'keywright',
      env: {
        // Leads to this machine as well, which its address does not say.
        KEYWRIGHT_SMTP_URL: `smtp://keys:mail-secret@0.0.0.0:${port}`,
        KEYWRIGHT_MAIL_FROM: 'keys@example.com',
      },
    })
    const { browser } = await becomeOperator(remote)
    const to = { email: 'far-away@example.com', role: 'member' }
    await browser.call('POST', '/v1/organizations/acme/invitations', to)
    const over = () => remote.log().includes('a letter could not be sent') || sentTo(to.email).length > 0
    await expect.poll(over, { timeout: 10_000 }).toBe(true)
    expect(sentTo(to.email)).toEqual([])
    await remote.stop()
  })

  it('does not start without knowing whom its mail is from', async () => {
    const start = startServer({ contract: 'keywright', env: { KEYWRIGHT_SMTP_URL: 'smtp://127.0.0.1:9' } })
    await expect(start).rejects.toMatchObject({ message: 'Mail needs a sender.', exitCode: 2 })
  })
})

describe('an instance that cannot', () => {
  it('leaves the link in its log for whoever runs it, and says so', async () => {
    const silent = await startServer({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
    const { email } = await signUp(silent)
    const { json } = await openBrowser(silent).call('POST', '/api/auth/password/forgot', { email })
    expect(json).toEqual({ byMail: false })
    await expect.poll(() => silent.log()).toContain('/reset-password#')
    const token = /reset-password#([\w-]+)/.exec(silent.log())?.[1]
    const body = { token, password: `${goodPassword}, again` }
    expect((await openBrowser(silent).call('POST', '/api/auth/password/reset', body)).status).toBe(200)
    await silent.stop()
  })
})
