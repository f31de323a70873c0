/**
 * What would repaint, reorder or hide the text around it is shown as what it is: `\u202e`. Joiners stay where a script or a
 * pictograph needs them; between letters that never join they would only make one name look like another.
 */
const hidden = new RegExp(
  [
    String.raw`[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]`,
    String.raw`(?<![[\p{L}--[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}]]\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d]`,
    String.raw`[\u200c\u200d](?![[\p{L}--[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}]]\p{Extended_Pictographic}])`,
  ].join('|'),
  'gv',
)

const longest = 300

export function visible(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replaceAll(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Text that others have chosen: a name, a user agent. It has its own direction and never disturbs its neighbours. */
export function Foreign({ children, className = '' }: { children: string; className?: string }) {
  const shown = visible(children)
  return (
    <bdi title={shown} className={`min-w-0 truncate ${className}`}>
      {shown}
    </bdi>
  )
}

/** Something to copy or compare, character by character. */
export function Mono({ children, className = '' }: { children: string; className?: string }) {
  return <code className={`font-mono text-[0.92em] ${className}`}>{visible(children)}</code>
}
