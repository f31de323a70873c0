import { randomBytes, randomUUID } from 'node:crypto'
import { compileFormat, type KeyRule } from '@keywright/core'

const ofEach = 10

/** Publishable ones, which anyone may see, are not looked for. */
export function mintedOfEachForm(rule: KeyRule): string[] {
  const format = compileFormat(rule)
  return format.forms
    .filter(({ kind, retired }) => kind !== 'publishable' && !retired)
    .flatMap((form) => Array.from({ length: ofEach }, () => format.mint(form).credential))
}

/** A key as it comes to stand in files, one line each. */
export function surrounded(key: string): string[] {
  return [
    key,
    `  ${key}  `,
    `KEY=${key}`,
    `{"key":"${key}","a":1}`,
    `"{\\"key\\":\\"${key}\\"}"`,
    `'${key}'`,
    `\`${key}\``,
    `curl -u ${key}: https://api.example.com`,
    `https://api.example.com/?key=${key}&a=1`,
    `https://api.example.com/?key=${key}#a`,
    `https://user:${key}@api.example.com/`,
    `https://${key}@api.example.com/${key}/x`,
    `<code>${key}</code>`,
    `(${key})`,
    `[${key}]`,
    `It is ${key}.`,
    `It is ${key}, or not`,
    `| ${key}|x`,
    `|${key}|`,
    `Authorization: Bearer ${key}`,
    `authorization=Bearer%20${key}%0A`,
    `{"log":"first\\n${key}\\nlast"}`,
    `{"log":"a\\t${key}\\r\\n"}`,
    `a\\u003d${key}\\u0026b`,
    `${key}\t${key}\r`,
    `${key},${key}`,
    `**${key}**`,
    `$${key}\${x}`,
    `_${key}_`,
    `__${key}__ or not`,
    `${key}-- comment`,
    `--${key}`,
    `\u001b[32m${key}\u001b[0m`,
    `\\x1b[1;32m${key}\\x1b[0m`,
    `\\033[m${key}\\033[0m`,
    `\\x22${key}\\x22`,
    `é${key}é`,
  ]
}

/** What has something of a key, and is none. */
export function ordinary(key: string): string[] {
  return [
    `${key.slice(0, 12)}…${key.slice(-4)}`,
    key.slice(0, -1),
    `${key.slice(0, -1)}!`,
    key.slice(1),
    key.toUpperCase(),
    key.replaceAll('_', '-'),
    `${key.slice(0, 16)} ${key.slice(16)}`,
    `${key.slice(0, 16)}\n${key.slice(16)}`,
    'kw_live_<your key>',
    randomUUID(),
    randomBytes(32).toString('hex'),
    randomBytes(96).toString('base64'),
    randomBytes(96).toString('base64url'),
    `sha512-${randomBytes(64).toString('base64')}`,
  ]
}
