import type { Transporter } from 'nodemailer'
import type { Logger } from '../log/logger.ts'

interface Letter {
  to: string
  subject: string
  text: string
}

/** Links on their way to people, by mail where the instance can send any. */
export interface Letters {
  byMail: boolean
  /** Nothing waits for it, so that nobody can tell by the time it takes. What went wrong is in the log. */
  invitation(to: string, input: { place: string; link: string; expiresAt: Date }): void
  passwordReset(to: string, link: string): void
  /** Work whose end nobody waits for, until the instance stops. */
  later(work: () => Promise<void>): void
  /** Ends what is on its way. */
  close(): Promise<void>
}

export interface Mail {
  /** `smtp://user:password@host:587`, or `smtps://`. */
  url: string
  /** `Keys <keys@example.com>`. */
  from: string
}

export function createLetters(mail: Mail | null, log: Logger): Letters {
  const underWay = new Set<Promise<void>>()
  let opened: Promise<Transporter> | null = null

  async function transporter({ url, from }: Mail): Promise<Transporter> {
    const { createTransport } = await import('nodemailer')
    const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }
    return createTransport({ url: encrypted(url), ...timeouts }, { from })
  }

  function later(work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => log.error('a letter could not be sent', { error }))
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }

  function send({ to, subject, text }: Letter, link: string): void {
    if (!mail) {
      log.warn('no mail is sent, as KEYWRIGHT_SMTP_URL is not set: hand this link over yourself', { link })
      return
    }
    later(async () => {
      opened ??= transporter(mail)
      // An object, not a header: whatever is in the address stays one address.
      await (await opened).sendMail({ to: { name: '', address: to }, subject, text })
    })
  }

  return {
    byMail: mail !== null,
    later,
    invitation(to, { place, link, expiresAt }) {
      if (!mail) return
      const until = `${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`
      const text = `You are invited to ${place}.\n\n${link}\n\nThe link works once, for this address alone, until ${until}.\n`
      send({ to, subject: 'Your invitation', text }, link)
    },
    passwordReset(to, link) {
      const text = `Somebody, you it is to be hoped, wants to set a new password for this address.\n\n${link}\n\nThe link works once, within ten minutes. If it was not you, do nothing: your password stays as it is.\n`
      send({ to, subject: 'Set a new password', text }, link)
    },
    async close() {
      await Promise.allSettled([...underWay])
      const open = await opened?.catch(() => null)
      open?.close()
    },
  }
}

/** Letters hold links that open accounts: they leave this machine encrypted, or not at all. */
function encrypted(address: string): string {
  const url = new URL(address)
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url.protocol === 'smtp:' && !isLocal) url.searchParams.set('requireTLS', 'true')
  return url.href
}
