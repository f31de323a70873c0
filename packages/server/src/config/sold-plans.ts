import type { Contract } from '@keywright/core'
import { type Settings, settings } from './settings.ts'
import { SettingError } from './start-error.ts'

type Selling = Pick<Settings, 'stripePrices' | 'stripePaymentLinks'>

/** Who buys what the contract does not have pays for nothing, and is the first to notice. @throws SettingError */
export function checkSoldPlans({ stripePrices, stripePaymentLinks }: Selling, { title, plans }: Contract): void {
  const sold = { stripePrices: Object.values(stripePrices), stripePaymentLinks: Object.keys(stripePaymentLinks) }
  for (const name of ['stripePrices', 'stripePaymentLinks'] as const) {
    const missing = sold[name].find((plan) => !Object.hasOwn(plans, plan))
    if (missing === undefined) continue
    const known = Object.keys(plans).join(', ')
    throw new SettingError(
      `${name} (${settings[name].variable}) names the plan ${JSON.stringify(missing)}, which ${title} does not have.`,
      known === '' ? `${title} has no plans: leave ${name} out.` : `The plans are ${known}.`,
    )
  }
}
