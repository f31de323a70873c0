import { Link } from '@tanstack/react-router'
import { Entrance } from './entrance.tsx'

/** Where a link was opened without what follows its number sign, as some programs pass it on. */
export function NoLink() {
  return (
    <Entrance title="This link is not whole" lead="Its end is missing. Copy all of it, and open it again.">
      <Link to="/sign-in" className="underline">
        Sign in
      </Link>
    </Entrance>
  )
}
