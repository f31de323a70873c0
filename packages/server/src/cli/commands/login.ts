import { hostname } from 'node:os'
import { type CallOptions, KeywrightError, ProblemError, type StartedLogin } from '@keywright/client'
import type { Command } from 'commander'
import { forgetToken, requireStore, storedToken, storeToken } from '../credentials.ts'
import { CliError, exitCodes, isForeign } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { isInteractive, note, printJson } from '../print/terminal.ts'
import { lasting } from '../print/time.ts'
import { connectAnonymously, controlUrl, decisionWithinSeconds, signedInWith } from '../session.ts'

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
      requireStore()
      const { deviceLogins } = connectAnonymously()
      const started = await deviceLogins.start(hostname())
      await show(started, browser && isInteractive())
      const token = await decided((options) => deviceLogins.finish(started, options))
      await stored(url, token)
      const who = await signedInWith(token).whoami()
      if (json) return printJson(who)
      note(`You are logged in to ${url} as ${printable(who.type === 'user' ? who.email : who.name)}.`)
    })
}

export function defineLogout(logout: Command): void {
  logout.option('--json', 'print what the API answered').action(async ({ json }: { json?: true }) => {
    const url = controlUrl()
    const token = storedToken(url)
    if (token === null) throw new CliError(`You are not logged in to ${url}.`, null, exitCodes.notSignedIn)
    const ended = await signedInWith(token)
      .cliTokens.revoke('current')
      .catch((error: unknown) => {
        if (error instanceof ProblemError && error.status === 401 && !isForeign(error)) forgetToken(url)
        else note('You are still logged in: the server has not ended this login.')
        throw error
      })
    forgetToken(url)
    if (json) return printJson(ended, ended)
    note(`You are logged out of ${url}.`)
  })
}

/** Nobody could use or end a login whose token is kept nowhere. */
async function stored(url: string, token: string): Promise<void> {
  try {
    storeToken(url, token)
  } catch (error) {
    const ending = signedInWith(token).cliTokens.revoke('current')
    await ending.catch(() => note('The server has not ended this login: end it on your page of the console.'))
    throw error
  }
}

async function decided(finish: (options: CallOptions) => Promise<string>): Promise<string> {
  const seconds = decisionWithinSeconds()
  const signal = seconds === null ? undefined : AbortSignal.timeout(seconds * 1000)
  try {
    return await finish(signal ? { signal } : {})
  } catch (error) {
    if (seconds !== null && error === signal?.reason) {
      const hint = 'Log in again, with a longer --timeout or without.'
      throw new CliError(`Nobody decided within ${lasting(seconds)}.`, hint, exitCodes.timedOut)
    }
    const isOver = error instanceof KeywrightError && error.code === 'expired_token'
    throw isOver ? new CliError(error.message, null, exitCodes.timedOut) : error
  }
}

async function show(
  { userCode, verificationUri, verificationUriComplete, expiresInSeconds }: StartedLogin,
  browser: boolean,
) {
  const within = lasting(expiresInSeconds)
  note(`Open ${printable(verificationUri)} and type in this code within ${within}:\n\n  ${printable(userCode)}\n`)
  if (!browser || !/^https?:\/\//.test(verificationUriComplete)) return
  const { default: open } = await import('open')
  // Where there is no browser, the address has been said.
  await open(verificationUriComplete).catch(() => {})
}
