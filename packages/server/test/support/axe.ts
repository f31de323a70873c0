import type { Page } from '@playwright/test'
import axe from 'axe-core'

/**
 * Everything WCAG 2.2 AA asks for, and what is good practice beside; or its colours alone, where all else of the same
 * screen has been looked at.
 */
type Looked = 'all' | 'colours'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What is wrong with the page as it is shown now: the rule, and where. */
export async function axeFaults(page: Page, looked: Looked = 'all'): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe.source)
  const runOnly = looked === 'all' ? { type: 'tag', values: tags } : { type: 'rule', values: ['color-contrast'] }
  // A menu that has been opened lies beside all regions.
  const rules = { region: { enabled: false } }
  const options = JSON.stringify({ runOnly, rules, resultTypes: ['violations'] })
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${options})`)
  return violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ html }) => html.slice(0, 160)).join(' and ')}`)
}
