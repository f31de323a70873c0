import { answersOf } from './answers.ts'
import { apiPage } from './api.ts'
import { authenticationPage } from './authentication.ts'
import { limitsPage } from './limits.ts'
import { ownRoutesPage } from './own-routes.ts'
import { permissionsPage } from './permissions.ts'
import { refusalsPage } from './refusals.ts'
import { rotationPage } from './rotation.ts'
import type { Page, Subject } from './subject.ts'

/** The documentation of one instance, in the order to read it. */
export function pagesOf(subject: Subject): Page[] {
  const answers = answersOf(subject.contract)
  const own = ownRoutesPage(subject)
  return [
    authenticationPage(subject, answers),
    refusalsPage(subject, answers),
    permissionsPage(subject),
    limitsPage(subject, answers),
    rotationPage(subject, answers),
    ...(own ? [own] : []),
    apiPage(subject),
  ]
}

/** For language models: what there is, and where. https://llmstxt.org */
export function llmsText({ contract, edge, control }: Subject, pages: readonly Page[]): string {
  const title = contract.title.replace(/\s+/g, ' ')
  return [
    `# ${title} API`,
    '',
    `> How programs authenticate to the ${title} API at ${edge}: keys, refusals, permissions, limits, rotation.`,
    '',
    '## Documentation',
    '',
    ...pages.map(({ name, title, about }) => `- [${title}](${control}/docs/${name}.md): ${about}`),
    '',
    '## Optional',
    '',
    `- [OpenAPI](${control}/openapi.json): the management API for programs.`,
    `- [All of it](${control}/docs.zip): these pages as Markdown and HTML.`,
    '',
  ].join('\n')
}
