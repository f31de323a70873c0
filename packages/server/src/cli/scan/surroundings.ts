/** What can stand before a key and ends in a character that a key could hold: `Bearer%20`, `\n`, `\u003d`. */
export const escapes = '%[0-9A-Fa-f]{2}|\\\\[nrt]|\\\\u[0-9A-Fa-f]{4}'
