import { type Contract, credentialHeaders, type Source, shownBy } from '@keywright/core'
import { type Answers, httpText } from './answers.ts'
import { curl, languages } from './languages.ts'
import { blocks, fence, inline, plain, table } from './markdown.ts'
import { exampleRequest, sourceInWords } from './sending.ts'
import type { Page, Subject } from './subject.ts'
import { articleOf, either } from './words.ts'

export function authenticationPage({ contract, edge, control }: Subject, answers: Answers): Page {
  const { title, docs, credential, boundTo } = contract
  const request = exampleRequest(contract, edge)
  const sources = credential.sources.map(sourceInWords)
  const owner =
    boundTo === 'project' ? `one project of one ${plain(docs.organization)}` : `one ${plain(docs.organization)}`
  return {
    name: 'index',
    title: 'Authentication',
    about: 'How to send a key, with examples to paste.',
    markdown: blocks(
      `# Authentication`,
      `Every request to the ${plain(title)} API at ${inline(edge)} carries an API key. Keep it in the environment variable ${inline(docs.variable)}, out of your code and its history.`,
      halvesText(contract, request.source),
      '## Your first request',
      formText(contract),
      fence('sh accepted', curl(request)),
      ...languages.flatMap(({ name, tag, write }) => [`### ${name}`, fence(`${tag} accepted`, write(request))]),
      '## Where the key goes',
      credential.sources.length === 1
        ? `Send it as ${sources.join('')}, and nowhere else.`
        : `Send it in one of these places:\n\n${sources.map((source) => `- ${source}`).join('\n')}\n\n${several[credential.whenSeveral]}`,
      'Header names are the same in upper and lower case. A header that holds a key and is sent twice is refused. A key in a body or a cookie is no key' +
        (credential.sources.some((source) => 'query' in source)
          ? '. Addresses are kept by browsers, proxies and logs: send a key in one only where nothing else can be done.'
          : ', nor is one in the address.'),
      '## What a key is',
      table(
        ['begins with', 'environment', 'kind', 'new ones'],
        contract.key.forms.map(({ prefix, environment, kind, retired }) => [
          prefix === '' ? 'anything' : inline(prefix),
          plain(environment),
          plain(kind),
          retired ? 'are no longer made' : 'are made',
        ]),
      ),
      `A key belongs to ${owner}, which is never sent: the key says whose it is.${contract.oneKeyPerOrganization ? ` There is one key for each ${plain(docs.organization)}.` : ''} It is shown once, when it is made; only its digest is stored.`,
      checksumText(contract),
      '## Without a key',
      fence('sh missing_credential', curl({ ...request, source: null })),
      fence('http', httpText(answers.of('missing_credential'))),
      'All refusals are listed under [Refusals](refusals.md).',
      '## Who am I?',
      'The key can be asked about itself, at another address. It answers with what it may do, what is left of its limits, and when it ends.',
      fence(
        'sh whoami',
        curl({
          ...request,
          method: 'GET',
          body: null,
          url: `${control}/v1/whoami`,
          source: { header: 'Authorization', scheme: 'Bearer' },
        }),
      ),
      `Requests carry their own name in \`X-Request-Id\`: yours where you send one of at most 128 characters of \`A-Za-z0-9._-\`, or a new one. Name it when you ask for help. ${neverForwarded(contract)}`,
    ),
  }
}

/** Keys that are made without a word about their kind are of the first form. */
function formText(contract: Contract): string | null {
  const shown = shownBy(contract)
  const first = contract.key.forms.find(({ retired }) => !retired)
  return shown === null || shown.form === first
    ? null
    : `Have ${articleOf(shown.form.kind)} ${inline(shown.form.kind)} key made: other kinds are refused here.`
}

/** What the variables hold that the examples read beside the one with the whole key. */
function halvesText({ key, docs }: Contract, source: Source): string | null {
  if (!('idHeader' in source)) return null
  const halves = key.forms.flatMap((form) => {
    const publicId = form.publicId === undefined ? key.publicId : form.publicId
    if (form.retired || !publicId) return []
    const whole = key.forms.length === 1 ? 'a key' : `a key that begins with ${inline(form.prefix)}`
    const secret = publicId.separator === '' ? 'the rest' : `what follows the ${inline(publicId.separator)} behind them`
    return `Of ${whole} the first ${form.prefix.length + publicId.length} characters go into ${inline(`${docs.variable}_ID`)}, and ${secret} into ${inline(`${docs.variable}_SECRET`)}.`
  })
  return ['The examples send it in two halves, which they read from two more variables.', ...halves].join(' ')
}

function checksumText({ key }: Contract): string | null {
  const checked = key.forms.filter(({ checksum = key.checksum }) => checksum)
  if (checked.length === 0) return null
  const whose =
    checked.length === key.forms.length
      ? 'Its last characters'
      : `The last characters of one that begins with ${either(checked.map(({ prefix }) => inline(prefix)))}`
  return `${whose} are a checksum, by which a mistyped key is known before anyone is asked.`
}

const several = {
  first: 'Where several are sent, the first named here counts alone, even when it is the wrong one.',
  equal: 'Where several are sent they have to be the same.',
  refuse: 'Where several are sent the request is refused.',
} as const

function neverForwarded(contract: Contract): string {
  const names = credentialHeaders(contract).map((name) => inline(name))
  return names.length === 0
    ? ''
    : `The key itself goes no further: ${either(names)} is taken off before the API sees the request.`
}
