import { counted } from '../shell/words.ts'
import { mostPassed, type RoutesUsed, type Unused } from './look.ts'

/** What may hold more that is worth a look. */
export function NotLookedAt({ unused, routes }: { unused: Unused; routes: RoutesUsed | null }) {
  return (
    <>
      {!unused.isAll && (
        <p className="text-muted">
          Idle keys are not all known: {counted(mostPassed, 'key')} that nobody uses come before them. Revoke those to
          see the others.
        </p>
      )}
      {routes !== null && !routes.isAll && (
        <p className="text-muted">
          Permissions were compared with the use of {counted(routes.keys.length, 'key')} of those used last. There are
          more, or more use of them than can be read at once: what those need is not known.
        </p>
      )}
    </>
  )
}
