import { useParams } from '@tanstack/react-router'
import { Notice } from '../parts/notice.tsx'
import { useNoun } from './noun.ts'
import { usePlace } from './place.ts'

/** Says why every key of the organization that the address names is refused, where it is. */
export function OrganizationState() {
  const { organization } = useParams({ strict: false })
  const { current } = usePlace()
  const noun = useNoun()
  if (organization === undefined || !current || current.state === 'active') return null
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-6 sm:px-8">
      <Notice title={`This ${noun} is ${current.state}`}>
        All its keys are refused. Whoever runs this instance can change that.
      </Notice>
    </div>
  )
}
