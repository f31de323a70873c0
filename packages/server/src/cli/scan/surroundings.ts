/** What can stand before a key and ends as a key could: `Bearer%20`, `\n`, `\u003d`, `\x22`, a terminal's `[32m`. */
export const escapes = '%[0-9A-Fa-f]{2}|\\\\[nrt]|\\\\u[0-9A-Fa-f]{4}|\\\\x[0-9A-Fa-f]{2}|\\[[0-9;]*m'
