import { Search } from 'lucide-react'
import { Input } from './field.tsx'
import type { Typed } from './kept.ts'

export function SearchField({ label, value, onText, onBlur }: { label: string } & Typed) {
  return (
    <span className="relative min-w-0 flex-1 basis-full sm:basis-40">
      <Search size={15} aria-hidden className="absolute top-1/2 left-3 -translate-y-1/2 text-muted" />
      <Input
        type="search"
        // What is searched for may be a whole key: it is for no spelling service, and is not offered to who comes next.
        spellCheck={false}
        autoComplete="off"
        aria-label={label}
        placeholder={label}
        maxLength={100}
        value={value}
        onChange={(event) => onText(event.target.value)}
        onBlur={onBlur}
        className="pl-9"
      />
    </span>
  )
}
