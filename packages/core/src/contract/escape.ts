/** The inside of a JSON string. U+2028 and U+2029 end a line for those who paste JSON into a script. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/** Text and attribute values. What XML 1.0 §2.2 excludes even as a reference becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/(?![\t\n\r\u007f-\u009f])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"'\p{Cc}]/gu, (character) => `&#${character.charCodeAt(0)};`)
}

/** Text that stays on its line. */
export function escapeText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '\ufffd')
}

/** A piece of a field value cannot end its line, nor leave ASCII (RFC 9110 §5.5). */
export function escapeHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '')
}
