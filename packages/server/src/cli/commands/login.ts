import { hostname } from 'node:os'
import { Keywright, type StartedLogin } from '@keywright/client'
import type { Command } from 'commander'
import { forgetToken, storedToken, storeToken } from '../credentials.ts'
import { CliError, exitCodes } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { isInteractive, note, printJson } from '../print/terminal.ts'
import { controlUrl, signedInWith } from '../session.ts'

interface LoginOptions {
  browser: boolean
  json?: true
}

export function defineLogin(login: Command): void {
  login
    .option('--no-browser', 'open no browser: type the code where you have one')
    .option('--json', 'print who you are as the API answered it')
    .action(async ({ browser, json }: LoginOptions) => {
      const url = controlUrl()
      const { deviceLogins } = new Keywright({ url })
      const started = await deviceLogins.start(hostname())
      await show(started, browser && isInteractive())
      const token = await deviceLogins.finish(started)
      const who = await signedInWith(token).whoami()
      storeToken(url, token)
      if (json) return printJson(who)
      note(`You are logged in to ${url} as ${printable(who.type === 'user' ? who.email : who.name)}.`)
    })
}

export function defineLogout(logout: Command): void {
  logout.action(async () => {
    const url = controlUrl()
    const token = storedToken(url)
    if (token === null) throw new CliError(`You are not logged in to ${url}.`, null, exitCodes.notSignedIn)
    try {
      await signedInWith(token).cliTokens.revoke('current')
    } finally {
      forgetToken(url)
    }
    note(`You are logged out of ${url}.`)
  })
}

async function show({ userCode, verificationUri, verificationUriComplete }: StartedLogin, browser: boolean) {
  note(`Open ${printable(verificationUri)} and type in this code:\n\n  ${printable(userCode)}\n`)
  if (!browser || !/^https?:\/\//.test(verificationUriComplete)) return
  const { default: open } = await import('open')
  // Where there is no browser, the address has been said.
  await open(verificationUriComplete).catch(() => {})
}
