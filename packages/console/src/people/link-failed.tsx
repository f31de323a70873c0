import { KeywrightError } from '@keywright/client'
import { ErrorNotice } from '../parts/notice.tsx'
import { Entrance } from './entrance.tsx'

/** Where a link was not taken: it does not hold any more, or may do once the server answers. */
export function LinkFailed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (error instanceof KeywrightError && error.code === 'invitation_invalid') {
    return (
      <Entrance title="This link does not work">
        <ErrorNotice error={error} />
      </Entrance>
    )
  }
  return (
    <Entrance title="This link could not be opened">
      <ErrorNotice error={error} onRetry={onRetry} />
    </Entrance>
  )
}
