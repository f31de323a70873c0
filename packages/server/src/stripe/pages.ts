import { hash } from 'node:crypto'
import type { Purchase } from './checkout.ts'

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1.25rem;color:#1a1a1a;background:#fff}' +
  'output{display:block;margin:1rem 0;padding:.75rem 1rem;border:1px solid #8a8a8a;border-radius:.5rem;' +
  'font-family:ui-monospace,monospace;overflow-wrap:anywhere;user-select:all}'

/** They run nothing, load nothing and are framed by nobody; a key is on them, so nothing keeps them. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
}

/** What whoever has paid sees. Ids of tenants and credentials hold nothing that HTML could take for its own. */
export function purchasePage(purchase: Purchase | null): { status: 200 | 202 | 403; html: string } {
  if (purchase === null) {
    const text = 'Open this page in the browser in which you started the checkout, within a day.'
    return { status: 403, html: page('This is not your checkout', `<p>${text}</p>`) }
  }
  if (purchase.state === 'waiting') {
    const text = '<p role="status">Your payment is being confirmed. This page looks again every few seconds.</p>'
    return { status: 202, html: page('One moment', text, '<meta http-equiv="refresh" content="3">') }
  }
  if (purchase.state === 'over') {
    const text = 'It was shown once. If it is lost, ask for a new one: the old one ends with that.'
    return { status: 200, html: page('Your key has been shown', `<p>${text}</p>`) }
  }
  const { tenant, credential } = purchase
  return {
    status: 200,
    html: page(
      'Your API key',
      `<p>Tenant <b>${tenant}</b>. This is the only time the key is shown: store it now.</p><output aria-label="Your API key">${credential}</output>`,
    ),
  }
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>${head}<style>${style}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`
}
