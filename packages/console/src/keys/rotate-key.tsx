import type { Key } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { Dialog } from '../parts/dialog.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { Notice } from '../parts/notice.tsx'
import { Mono } from '../parts/text.tsx'
import { exactly } from '../parts/time-words.ts'
import { useAction } from '../parts/use-action.ts'
import { useHold } from '../parts/use-hold.ts'
import { GraceChoice, graceChoices } from './grace.tsx'
import { placesInWords } from './places.ts'
import { Reveal } from './reveal.tsx'

const daySeconds = 86_400

export function RotateKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const choices = graceChoices(contract.rotation.maxGraceSeconds)
  const [graceSeconds, setGrace] = useState(choices.includes(daySeconds) ? daySeconds : 0)
  const [since] = useState(() => new Date(Date.now() - daySeconds * 1000).toISOString())
  const { data, error } = useQuery({
    queryKey: ['callers', key.id, 'day'],
    queryFn: ({ signal }) => keywright.keys.callers(key.id, { since, limit: 100 }, { signal }).page(),
  })
  const rotate = useAction(async () => {
    const rotated = await keywright.keys.rotate(key.id, { graceSeconds })
    // Not waited for: the secret is in sight before the page behind it is true again.
    void queries.invalidateQueries({ queryKey: ['key', key.id] })
    void queries.invalidateQueries({ queryKey: ['keys'] })
    return rotated
  })
  useHold(rotate.isBusy)
  if (rotate.result) {
    const [retiring] = rotate.result.retiring
    return (
      <Dialog title="The new secret" onClose={onClose} isHeld isWide>
        <Reveal credential={rotate.result.credential} onDone={onClose}>
          <p className="text-muted">
            {retiring ? (
              <>
                The old one, <Mono>{retiring.hint}</Mono>, works until {exactly(retiring.retiresAt)}. This page shows
                who still uses it.
              </>
            ) : (
              'The old secret is refused from now on.'
            )}
          </p>
        </Reveal>
      </Dialog>
    )
  }
  return (
    <ConfirmDialog
      {...{ error: rotate.error, isBusy: rotate.isBusy, onClose }}
      title="Rotate the key"
      description="It gets a new secret. Its id, limits, permissions and history stay."
      action="Rotate"
      onSubmit={() => rotate.run(undefined)}
    >
      {choices.length > 1 ? (
        <GraceChoice legend="The old secret ends" choices={choices} value={graceSeconds} onChange={setGrace} />
      ) : (
        <p>The old secret ends at once.</p>
      )}
      {graceSeconds === 0 && data === undefined && (
        <Notice title={`Who used it in the last 24 hours ${error ? 'could not be read' : 'is not known yet'}`}>
          Whoever did is refused until they have the new secret.
        </Notice>
      )}
      {graceSeconds === 0 && data && data.callers.length > 0 && (
        <Notice title={`${placesInWords(data)} used it in the last 24 hours`}>
          They are refused until they have the new secret.
        </Notice>
      )}
    </ConfirmDialog>
  )
}
