import { Building2 } from 'lucide-react'
import { Card, Empty, Page } from '../parts/page.tsx'
import { useNoun } from './noun.ts'

export function Nowhere() {
  const noun = useNoun()
  return (
    <Page title="Welcome">
      <Card>
        <Empty icon={<Building2 size={20} aria-hidden />} title={`You are in no ${noun} yet`}>
          Ask an owner or admin to invite the address you signed in with, and open the link they send you.
        </Empty>
      </Card>
    </Page>
  )
}
