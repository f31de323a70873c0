import type { KeyState } from '@keywright/client'
import type { ReactNode } from 'react'

type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

const tones: Readonly<Record<Tone, string>> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  info: 'bg-info-soft text-info',
  plain: 'bg-raised text-muted',
}

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={`inline-flex h-5.5 items-center gap-1.5 rounded-full px-2 text-xs font-medium whitespace-nowrap ${tones[tone]}`}
    >
      {children}
    </span>
  )
}

const states: Readonly<Record<KeyState, { tone: Tone; label: string }>> = {
  active: { tone: 'good', label: 'Active' },
  suspended: { tone: 'warn', label: 'Suspended' },
  expired: { tone: 'plain', label: 'Expired' },
  revoked: { tone: 'bad', label: 'Revoked' },
}

export function StateBadge({ state }: { state: KeyState }) {
  const { tone, label } = states[state]
  return (
    <Badge tone={tone}>
      <span className="size-1.5 rounded-full bg-current" aria-hidden />
      {label}
    </Badge>
  )
}

export function EnvironmentBadge({ environment }: { environment: string }) {
  return <Badge tone={environment === 'live' ? 'info' : 'plain'}>{environment}</Badge>
}
