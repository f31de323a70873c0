interface Terms {
  requests: number
  windowSeconds: number
  per: string
  kind: 'window' | 'bucket'
}

/** `100 in 60 s per key`. */
export function limitText({ requests, windowSeconds, per, kind }: Terms): string {
  return `${requests} ${kind === 'bucket' ? 'at once, refilled over' : 'in'} ${windowSeconds} s per ${per}`
}
