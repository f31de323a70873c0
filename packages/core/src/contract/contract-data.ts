import type { KeyForm, Random } from '../key/format.ts'
import type { Limit } from '../key/record.ts'
import type {
  Contract,
  DocsVocabulary,
  LimitHeaders,
  NamespaceRule,
  PermissionRule,
  Route,
  Source,
} from './contract.ts'
import type { Body, RefusalName, RefusalRow } from './refusal.ts'

/** A contract as people write it. What is left out is filled in by `parseContract`. */
export interface ContractData {
  name: string
  /** The name. */
  title?: string
  /** `Authorization: Bearer`; several sources in one request are refused. */
  credential?: { sources?: readonly Source[]; whenSeveral?: Contract['credential']['whenSeveral'] }
  key: {
    /** 43 characters of base62. */
    random?: Random
    publicId?: { length: number; separator?: string } | null
    /** true. */
    checksum?: boolean
    /** Of the `live` environment and kind `secret`, not retired. */
    forms: readonly (Pick<KeyForm, 'prefix'> & Partial<KeyForm>)[]
  }
  /** `organization`. */
  boundTo?: Contract['boundTo']
  /** false. */
  oneKeyPerOrganization?: boolean
  /** None. */
  permissions?: Partial<PermissionRule>
  /** None; with an empty object, every new key reaches `default`. */
  namespaces?: {
    default?: readonly string[]
    body?: (Pick<NonNullable<NamespaceRule['body']>, 'under'> & Partial<NonNullable<NamespaceRule['body']>>) | null
  } | null
  routes?: readonly (Omit<Route, 'limits'> & { limits?: readonly LimitData[] })[]
  /** `key`. */
  otherRoutes?: Contract['otherRoutes']
  /** `refuse`. */
  preflight?: Contract['preflight']
  /** 30 days, announced. */
  rotation?: Partial<Contract['rotation']>
  limits?: readonly LimitData[]
  plans?: Readonly<Record<string, { limits?: readonly LimitData[]; monthlyQuota?: number | null }>>
  /** `ietf`. */
  limitHeaders?: LimitHeaders
  identityHeaders?: Readonly<Record<string, string>>
  /** An RFC 9457 problem with `type`, `title`, `status`, `detail` and `code`; what is given of one is added. */
  body?: Body
  /** The standard rows; a given row overrides field by field, and a row's name stands for that row exactly as it is. */
  refusals?: { readonly [Name in RefusalName]?: RefusalName | Partial<RefusalRow> }
  docs?: Partial<DocsVocabulary>
}

/** Per key, or per address on an anonymous route; a `window`. */
export type LimitData = Pick<Limit, 'requests' | 'windowSeconds'> & Partial<Limit>
