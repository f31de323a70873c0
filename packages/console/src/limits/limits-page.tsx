import type { AgreedLimit, Contract } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { keywright } from '../api/keywright.ts'
import { contractQuery } from '../api/queries.ts'
import { limitsHeldBy, limitsInWords, monthlyQuota, planHeld, usualLimits } from '../keys/limit-words.ts'
import { Badge } from '../parts/badge.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Facts, Page } from '../parts/page.tsx'
import { Cell, extra, NameCell, Row, Table, Under } from '../parts/table.tsx'
import { Foreign } from '../parts/text.tsx'
import { usePlace } from '../shell/place.ts'
import { capitalized } from '../shell/words.ts'
import { HeadRoom } from '../usage/head-room.tsx'

const number = new Intl.NumberFormat()

/** What holds, where it comes from, and how near it is. */
export function LimitsPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/limits' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const limits = usualLimits(contract, current)
  const plans = Object.entries(contract.plans)
  const held = current ? planHeld(contract, current) : null
  const quota = monthlyQuota(contract, current)
  const noun = contract.docs.organization
  return (
    <Page
      title="Limits"
      description={`How much the keys of this ${noun} may ask for. Past a limit they are refused until there is room again.`}
    >
      <div className="space-y-5">
        <Card title="What holds">
          <Facts
            facts={[
              ...(held === null ? [] : [['Plan', capitalized(held)] as const]),
              [plans.length > 0 ? 'Requests' : 'Every key', limitsInWords(limits, contract)],
              ...(plans.length > 0 || quota !== null ? [['In a month', quotaInWords(quota)] as const] : []),
            ]}
          />
        </Card>
        <HeadRoom organization={organization} />
        {plans.length === 0 && <OwnLimits contract={contract} organization={organization} usual={limits} />}
        {plans.length > 0 && (
          <Card title="Plans">
            <Table label="Plans" columns={['Plan', 'Requests', extra('In a month')]}>
              {plans.map(([name, { limits, monthlyQuota }]) => (
                <Row key={name}>
                  <NameCell>
                    <span className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
                      {capitalized(name)}
                      {name === held && <Badge tone="good">This one</Badge>}
                    </span>
                  </NameCell>
                  <Cell>
                    {limitsInWords(limits, contract)}
                    <Under>{quotaInWords(monthlyQuota)} in a month</Under>
                  </Cell>
                  <Cell isExtra className="whitespace-nowrap">
                    {quotaInWords(monthlyQuota)}
                  </Cell>
                </Row>
              ))}
            </Table>
          </Card>
        )}
      </div>
    </Page>
  )
}

function quotaInWords(quota: number | null): string {
  return quota === null ? 'No quota' : `${number.format(quota)} requests`
}

const mostKeys = 200

/** The keys used last that have a limit of their own. */
function OwnLimits({
  contract,
  organization,
  usual,
}: {
  contract: Contract
  organization: string
  usual: readonly AgreedLimit[]
}) {
  const { data, error, refetch } = useQuery({
    queryKey: ['keys', 'limits', organization],
    queryFn: ({ signal }) =>
      keywright.keys
        .list({ organization, state: 'active', order: 'lastUsed', direction: 'desc', limit: mostKeys }, { signal })
        .page(),
  })
  const keys = (data?.keys ?? []).filter(({ limits }) => limits !== null)
  const isAll = !data || data.nextCursor === null
  if (keys.length === 0 && isAll && !error) return null
  return (
    <Card title="Keys with limits of their own">
      {error && (
        <div className="p-5">
          <ErrorNotice error={error} onRetry={() => refetch()} />
        </div>
      )}
      {keys.length > 0 && (
        <Table label="Keys with limits of their own" columns={['Key', 'Requests']}>
          {keys.map((key) => (
            <Row key={key.id}>
              <NameCell className="max-w-32 sm:max-w-64">
                <Link
                  to="/$organization/keys/$key"
                  params={{ organization, key: key.id }}
                  className="flex font-medium underline-offset-4 hover:underline"
                >
                  <Foreign>{key.name}</Foreign>
                </Link>
              </NameCell>
              <Cell>{limitsInWords(limitsHeldBy(key, usual), contract)}</Cell>
            </Row>
          ))}
        </Table>
      )}
      {!isAll && (
        <p className={`${keys.length > 0 ? 'border-t' : ''} px-5 py-3 text-muted`}>
          {keys.length > 0
            ? `Only the ${mostKeys} active keys used last were looked through.`
            : `None of the ${mostKeys} active keys used last has any. The others were not looked through.`}
        </p>
      )}
    </Card>
  )
}
