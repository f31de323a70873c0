/** What the keys of one API look like. */
export interface KeyRule {
  /** `bytes` random bytes as unpadded base64url, or `length` characters of an alphabet. At least 128 bits. */
  random: Random
  /** Characters of base62 between prefix and random part that are safe to show, new with every secret. */
  publicId: PublicIdRule | null
  /** Six base62 characters of CRC-32 over all before them: typing errors are refused without a look-up. */
  checksum: boolean
  /** What keys look like. The first of an environment and kind is issued; the others are only accepted. */
  forms: readonly KeyForm[]
}

/** base36, hex and crockford32 are lower case. */
export type Random = { alphabet: AlphabetName; length: number } | { bytes: number }

export type AlphabetName = 'base62' | 'base58' | 'base36' | 'hex' | 'crockford32'

/** `separator` stands between the public id and the random part; it may be empty, since both lengths are fixed. */
export interface PublicIdRule {
  length: number
  separator: string
}

export interface KeyForm {
  /** `kw_live_`: printable ASCII without white space; no form's strings may be another's too. */
  prefix: string
  environment: string
  kind: string
  /** Still accepted, no longer issued. */
  retired: boolean
  /** Where this form differs from the rule above it. */
  random?: Random
  publicId?: PublicIdRule | null
  checksum?: boolean
}
