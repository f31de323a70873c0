import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { keywright } from '../api/keywright.ts'
import { contractQuery } from '../api/queries.ts'
import { limitsInWords } from '../keys/limit-words.ts'
import { SnippetTabs } from '../keys/snippet-tabs.tsx'
import { Card, Facts, Page } from '../parts/page.tsx'
import { Mono } from '../parts/text.tsx'
import { spanInWords } from '../parts/time-words.ts'

/** How to call the API, with the hint of the reader's own key in the place of the key. */
export function AuthenticationPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/authentication' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { data } = useQuery({
    queryKey: ['keys', 'newest', organization],
    queryFn: ({ signal }) => keywright.keys.list({ organization, state: 'active', limit: 1 }, { signal }).page(),
  })
  const [form] = contract.forms
  const hint = data?.keys[0]?.hint ?? `${form?.prefix ?? ''}…`
  const { credential, rotation, limits, docs } = contract
  const sources = credential.sources.map(sourceInWords)
  return (
    <Page title="Authentication" description={`How programs prove to ${contract.title} who they are.`}>
      <div className="grid grid-cols-1 items-start gap-5 lg:@2xl:grid-cols-[3fr_2fr]">
        <Card title="Call it">
          <div className="space-y-4 p-5">
            <p>
              Keep the key in <Mono>{docs.variable}</Mono>, out of your code and its history, and send it with every
              request. The lines below hold only the hint of a key: put the whole one in its place.
            </p>
            <SnippetTabs credential={hint} />
            <p>
              Every refusal and more examples are in the{' '}
              <a href="/docs/" target="_blank" rel="noopener" className="underline underline-offset-4">
                documentation
              </a>
              .
            </p>
          </div>
        </Card>
        <Card title="The rules">
          <Facts
            facts={[
              [
                'Address',
                <Mono key="edge" className="break-all">
                  {contract.edge}
                </Mono>,
              ],
              [
                'Send the key in',
                <ul key="sources" className="space-y-1">
                  {sources.map((source) => (
                    <li key={source}>
                      <Mono className="break-all">{source}</Mono>
                    </li>
                  ))}
                </ul>,
              ],
              ...(sources.length > 1 ? [['Several at once', several[credential.whenSeveral]] as const] : []),
              ['A key acts in', contract.boundTo === 'project' ? 'one project' : `one ${docs.organization}`],
              [
                'Rotation',
                rotation.maxGraceSeconds === 0
                  ? 'The old secret ends at once'
                  : `The old secret may go on for up to ${spanInWords(rotation.maxGraceSeconds)}`,
              ],
              ...(limits.length === 0 ? [] : [['Limit', limitsInWords(limits, contract)] as const]),
            ]}
          />
        </Card>
      </div>
    </Page>
  )
}

const several = {
  first: 'The first named counts alone',
  equal: 'They must be the same',
  refuse: 'Are refused',
} as const

function sourceInWords(source: Readonly<Record<string, string | boolean>>): string {
  const { header, scheme, basic, query, idHeader, secretHeader } = source
  if (header) return scheme ? `${header}: ${scheme} <key>` : `${header}: <key>`
  if (basic) return `Authorization: Basic (the key as ${basic === 'user' ? 'user name' : 'password'})`
  if (query) return `?${query}=<key>`
  return `${idHeader}: <id>, ${secretHeader}: <secret>`
}
