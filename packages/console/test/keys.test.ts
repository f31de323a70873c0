import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { faults, visit } from './browser.ts'
import { minute, stage } from './story.ts'

describe('API keys in the console', { timeout: 3 * minute }, () => {
  const set = stage('hopx')

  const statusOf = async (credential: string) => {
    const response = await fetch(`${set.server.edge}/v1/sandboxes`, {
      headers: { authorization: `Bearer ${credential}` },
    })
    await response.text()
    return response.status
  }

  it('shows a new key once, ready to paste, and keeps it nowhere', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Production')
    const submit = page.getByRole('dialog').getByRole('button').last()
    expect(await submit.isDisabled()).toBe(true)
    await page.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    await submit.click()

    const credential = await page.getByLabel('The new key').innerText()
    expect(credential).toMatch(/^hopx_live_/)
    expect(await faults(page, 'reveal')).toEqual([])
    expect(await page.getByRole('tabpanel').innerText()).toContain(`Authorization: Bearer ${credential}`)
    await page.getByRole('tab', { name: '.env' }).click()
    expect(await page.getByRole('tabpanel').innerText()).toBe(`HOPX_API_KEY=${credential}`)
    await page.getByRole('button', { name: 'Copy key' }).click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(credential)

    // It cannot be lost by a slip of the finger.
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.getByLabel('The new key').waitFor()
    expect(await page.getByRole('button', { name: 'Done' }).isDisabled()).toBe(true)
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()

    await page.getByRole('link', { name: 'Production' }).waitFor()
    const [secret = ''] = credential.split('.').slice(1)
    expect(await page.content()).not.toContain(secret)
    const kept =
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href, document.cookie])'
    expect(await page.evaluate(kept)).not.toContain(secret)
    expect(await statusOf(credential)).toBe(200)

    const answers: Promise<string>[] = []
    page.on('response', (response) => {
      if (response.url().includes('/v1/')) answers.push(response.text().catch(() => ''))
    })
    await page.getByRole('link', { name: 'Production' }).click()
    await page.getByRole('heading', { level: 1, name: 'Production' }).waitFor()
    await page.goBack()
    await page.getByRole('link', { name: 'Production' }).waitFor()
    await page.goto(`${set.server.control}/acme/audit`)
    await page.getByText('created an API key:').first().waitFor()
    await page.waitForLoadState('networkidle')
    expect(answers.length).toBeGreaterThan(3)
    for (const body of await Promise.all(answers)) expect(body).not.toContain(secret)
    expect(page.url()).not.toContain(secret)
  })

  it('rotates with a grace, shows who still calls, and ends it early', async () => {
    const { page } = set.ann
    const { key, credential } = await set.server.issue({ name: 'Worker' })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('radio', { name: 'In 1 hour' }).check()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    const next = await page.getByLabel('The new key').innerText()
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()

    await page.getByText(/^(ends in )?00:59:\d\d$/).waitFor()
    expect(await Promise.all([statusOf(credential), statusOf(next)])).toEqual([200, 200])
    await page.getByText(/Still used from 1 place/).waitFor()
    await page.getByRole('button', { name: 'End now' }).click()
    await page.getByText('1 place used it since the rotation').waitFor()
    await page.getByRole('button', { name: 'End it now' }).click()
    await page.getByText('Ended').waitFor()
    expect(await Promise.all([statusOf(credential), statusOf(next)])).toEqual([401, 200])
  })

  it('revokes, and shows the receipt completing', async () => {
    const { page } = set.ann
    const { key, credential } = await set.server.issue({ name: 'Leaked' })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Revoke' }).click()
    await page.getByLabel('Reason').fill('Found in a public repository')
    await page.getByRole('button', { name: 'Revoke for good' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    expect(await statusOf(credential)).toBe(401)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Found in a public repository').waitFor()
    await page.goto(`${set.server.control}/acme/audit`)
    await page.getByText('revoked an API key:').waitFor()
  })

  it('shows names and user agents that attack as what they are: text', async () => {
    const { page, complaints } = set.ann
    const name = `<img src=x onerror=alert(1)>\u202egnp.exe ${'x'.repeat(150)}`
    const { key, credential } = await set.server.issue({ name })
    const agent = `<script>alert(1)</script>${'y'.repeat(10_000)}`
    await fetch(`${set.server.edge}/v1/sandboxes`, {
      headers: { authorization: `Bearer ${credential}`, 'user-agent': agent },
    })
    let dialogs = 0
    page.on('dialog', (dialog) => {
      dialogs++
      dialog.dismiss()
    })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('link', { name: '<img src=x onerror=alert(1)>\\u202egnp.exe' }).click()
    await page.getByText('<script>alert(1)</script>').filter({ visible: true }).first().waitFor()
    expect(await faults(page, 'hostile')).toEqual([])
    await page.goto(`${set.server.control}/acme/audit`)
    await page.getByText('<img src=x onerror=alert(1)>\\u202egnp.exe').first().click()
    expect(await faults(page, 'hostile-audit')).toEqual([])
    expect(dialogs).toBe(0)
    expect(complaints).toEqual([])
    expect(key.id).toMatch(/^key_/)
  })

  it('shows what joins letters and pictographs, and unmasks it where it only hides', async () => {
    const { page } = set.ann
    const joined = ['می\u200cخواهم', 'क्\u200dष', '👨\u200d👩\u200d👧', '👩🏽\u200d🚀 ❤️\u200d🔥']
    for (const name of [...joined, 'a\u200c\u200cb 1\u200d2 pay\u200dpal']) await set.server.issue({ name })
    await page.goto(`${set.server.control}/acme/keys`)
    for (const shown of [...joined, 'a\\u200c\\u200cb 1\\u200d2 pay\\u200dpal']) {
      await page.getByRole('link', { name: shown }).waitFor()
    }
  })

  it('exports the audit log so that no spreadsheet runs what a name says', async () => {
    const { page } = set.ann
    await set.server.issue({ name: '=HYPERLINK("https://example.com","click")' })
    await set.server.issue({ name: 'plain; =1+1; ;@SUM(1)' })
    await page.goto(`${set.server.control}/acme/audit`)
    const download = async (form: string) => {
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: form, exact: true }).click(),
      ])
      return readFile(await saved.path(), 'utf8')
    }
    const rows = (await download('CSV')).trimEnd().split('\r\n')
    expect(rows.length).toBeGreaterThan(2)
    for (const row of rows) expect(row.split(/,(?=")/).filter((cell) => /^"\s*[=+\-@\t\r]/.test(cell))).toEqual([])
    // Where the comma stands in numbers, cells end with a semicolon.
    for (const row of rows) expect(row.split(';').filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([])
    const events = (await download('JSON lines')).trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line).details.name)).toContain('=HYPERLINK("https://example.com","click")')
  })

  it('writes out when a key ends that ends soon, also where nobody can hover', async () => {
    const { page } = set.ann
    const expiresAt = new Date(Date.now() + 2 * 24 * 60 * minute)
    const { key } = await set.server.issue({ name: 'Ends soon', expiresAt })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    const exactly = await page.locator(`time[datetime="${expiresAt.toISOString()}"]`).getAttribute('title')
    await page.getByText(exactly ?? '', { exact: true }).waitFor()
  })

  it('finds a key among many, page by page', async () => {
    const { page } = set.ann
    for (let i = 100; i < 220; i++) await set.server.issue({ name: `Batch ${i}` })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByText('50 keys · page 1').waitFor()
    await page.getByRole('link', { name: 'Batch 219' }).waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('50 keys · page 2').waitFor()
    await page.getByRole('link', { name: 'Batch 169' }).waitFor()
    await page.getByRole('button', { name: 'Back' }).click()
    await page.getByRole('link', { name: 'Batch 219' }).waitFor()
    await page.getByLabel('Search by name, hint or id').fill('batch 1')
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click()
    await page.getByText('50 keys · page 1').waitFor()
    const rows = page.getByRole('row').filter({ has: page.getByRole('link') })
    await rows.first().getByRole('link', { name: 'Batch 100' }).waitFor()
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click()
    await rows.first().getByRole('link', { name: 'Batch 199' }).waitFor()
    await page.getByLabel('State').selectOption('Revoked')
    await page.getByText('No key matches').waitFor()
  })

  it('says what went wrong and what to do when the server is away', async () => {
    const { page, context } = await visit(set.browser)
    await page.goto(`${set.server.control}/sign-in`)
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill('not her password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('The address or the password is wrong.').waitFor()
    await context.setOffline(true)
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('The server does not answer').waitFor()
    await context.setOffline(false)
    await page.getByLabel('Password').fill('correct horse battery')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await context.close()
  })
})
