import type { Limit } from '@keywright/client'
import { spanInWords } from '../parts/time.tsx'

/** `100 requests in 1 minute`. */
export function limitInWords({ requests, windowSeconds }: Pick<Limit, 'requests' | 'windowSeconds'>): string {
  return `${new Intl.NumberFormat().format(requests)} requests in ${spanInWords(windowSeconds)}`
}
