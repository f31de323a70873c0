/**
 * Text from elsewhere in a form that a terminal only shows: what would move the cursor, end the line, turn the
 * direction of writing or change the window's title becomes visible as `\u{1b}`.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    // Joins the parts of one emoji, and nothing else.
    character === '\u200d' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
