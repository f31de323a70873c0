import { Link } from '@tanstack/react-router'
import { buttonClass } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Entrance } from '../people/entrance.tsx'

export function NotFound() {
  return (
    <Entrance title="There is nothing here" lead="The address is wrong, or what it shows is not for you.">
      <Link to="/" className={buttonClass('primary')}>
        Go to your keys
      </Link>
    </Entrance>
  )
}

export function Crashed({ error }: { error: unknown }) {
  return (
    <Entrance title="This page could not be shown">
      <ErrorNotice error={error} onRetry={() => location.reload()} />
    </Entrance>
  )
}
