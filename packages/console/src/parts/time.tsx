import { useEffect, useState } from 'react'
import { exactly, inWords } from './time-words.ts'

/** In the reader's zone; exact where it is pointed at. */
export function When({ time, className }: { time: string; className?: string }) {
  return (
    <time dateTime={time} title={exactly(time)} className={className}>
      {inWords(time)}
    </time>
  )
}

/** Now, anew every second: only for what counts down. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
