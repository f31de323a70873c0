import { useEffect, useState, useSyncExternalStore } from 'react'
import { exactly, inWords } from './time-words.ts'

/** In the reader's zone; exact where it is pointed at, and on paper, which is read at any time. */
export function When({ time, className = '' }: { time: string; className?: string }) {
  useSyncExternalStore(eachMinute, minuteNow)
  return (
    <time dateTime={time} title={exactly(time)} className={`print:before:content-[attr(title)] ${className}`}>
      <span className="print:hidden">{inWords(time)}</span>
    </time>
  )
}

const waiting = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for all that is on the page: a list of fifty has a hundred times in it. */
function eachMinute(tell: () => void): () => void {
  waiting.add(tell)
  timer ??= setInterval(() => {
    for (const tell of waiting) tell()
  }, 60_000)
  return () => {
    waiting.delete(tell)
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function minuteNow(): number {
  return Math.floor(Date.now() / 60_000)
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
