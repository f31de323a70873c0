import { Check, Copy, X } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from './button.tsx'

type Outcome = 'copied' | 'failed' | null

const failure = 'Could not copy: select it and copy it by hand.'

function useCopy(text: string): { outcome: Outcome; copy: () => Promise<void> } {
  const [outcome, setOutcome] = useState<Outcome>(null)
  return {
    outcome,
    async copy() {
      setOutcome(null)
      try {
        // Not there on a page that came by plain HTTP from another machine.
        await navigator.clipboard.writeText(text)
        setOutcome('copied')
        setTimeout(() => setOutcome((last) => (last === 'copied' ? null : last)), 2000)
      } catch {
        setOutcome('failed')
      }
    },
  }
}

export function CopyIcon({ text, label }: { text: string; label: string }) {
  const { outcome, copy } = useCopy(text)
  return (
    <>
      <IconButton
        label={outcome === 'copied' ? 'Copied' : outcome === 'failed' ? failure : label}
        onClick={copy}
        className="size-7"
      >
        {outcome === 'copied' && <Check size={14} aria-hidden className="text-good" />}
        {outcome === 'failed' && <X size={14} aria-hidden className="text-bad" />}
        {outcome === null && <Copy size={14} aria-hidden />}
      </IconButton>
      {outcome === 'failed' && (
        <span role="alert" className="sr-only">
          {failure}
        </span>
      )}
    </>
  )
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const { outcome, copy } = useCopy(text)
  const Icon = outcome === 'copied' ? Check : Copy
  return (
    <>
      <Button onClick={copy} icon={<Icon size={15} aria-hidden />}>
        <span aria-live="polite">{outcome === 'copied' ? 'Copied' : label}</span>
      </Button>
      {outcome === 'failed' && (
        <p role="alert" className="basis-full text-bad">
          {failure}
        </p>
      )}
    </>
  )
}
