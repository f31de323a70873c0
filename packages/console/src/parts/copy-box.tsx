import { CopyButton } from './copy.tsx'

/** Something long to take along, shown whole. */
export function CopyBox({ label, text, action }: { label: string; text: string; action: string }) {
  return (
    <div className="flex flex-wrap items-center gap-2">
      <output
        aria-label={label}
        className="min-w-0 flex-1 basis-60 rounded-lg border border-line-strong bg-raised px-3 py-2 font-mono break-all select-all"
      >
        {text}
      </output>
      <CopyButton text={text} label={action} />
    </div>
  )
}
