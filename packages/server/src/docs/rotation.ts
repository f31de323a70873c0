import type { Answers } from './answers.ts'
import { curl } from './languages.ts'
import { blocks, fence, inline, plain } from './markdown.ts'
import { exampleRequest } from './sending.ts'
import { type Page, printedNowMs, type Subject } from './subject.ts'
import { span } from './words.ts'

export function rotationPage({ contract, edge, control }: Subject, { headers }: Answers): Page {
  const { rotation, docs, title } = contract
  const { maxGraceSeconds } = rotation
  const hasPublishable = contract.key.forms.some(({ kind }) => kind === 'publishable')
  const announced = maxGraceSeconds === 0 ? '' : headers({ retiresAt: new Date(printedNowMs) })
  return {
    name: 'rotation',
    title: 'Rotation and revocation',
    about: 'How a key gets a new secret, and how it ends.',
    markdown: blocks(
      '# Rotation and revocation',
      `A key is managed at ${inline(control)}, in the browser or with the command line. It keeps its name, its permissions, its limits and its record when its secret is replaced.`,
      '## Replace a secret',
      maxGraceSeconds === 0
        ? 'The old secret ends at the moment the new one is made. Be ready to put the new one in its place.'
        : `The old secret ends at once, or goes on for as long as you choose, up to ${span(maxGraceSeconds)}. Put the new one everywhere, see in the record who still uses the old one, and end it early or give it longer.`,
      fence(
        'sh',
        maxGraceSeconds === 0
          ? 'keywright keys rotate <key>'
          : `keywright keys rotate <key> --grace ${maxGraceSeconds >= 86_400 ? '24h' : `${maxGraceSeconds}s`}`,
      ),
      ...(announced === ''
        ? []
        : [
            'While an old secret goes on, the answers to it say so, and when it ends:',
            fence('sh rotating', curl(exampleRequest(contract, edge))),
            fence('http', announced),
          ]),
      '## End a key',
      `A revoked key is refused everywhere within seconds, and for good. A suspended one is refused until it is resumed. A key with an end is refused from that moment on. All of them are answered as [a key that never was](refusals.md#invalid-credential).`,
      fence('sh', 'keywright keys revoke <key> --reason "no longer needed"'),
      '## A key that others have seen',
      `Replace it at once, without a grace: whoever saw it has it. Keys of ${plain(title)} can be told by what they begin with, and ${inline('keywright scan')} finds them in files. Who finds one that is not theirs reports it without signing in, and it is revoked:`,
      fence(
        'sh',
        `curl -i -X POST "${control}/v1/leaks" \\\n  -H "Content-Type: application/json" \\\n  -d '{"credentials":["<what was found>"]}'`,
      ),
      hasPublishable ? 'A publishable key may be seen by anyone: nobody searches for it, and no report ends it.' : null,
      `Keep ${hasPublishable ? 'other ' : ''}keys in ${inline(docs.variable)} or in a store for secrets; not in code, not in a browser, not in a log.`,
    ),
  }
}
