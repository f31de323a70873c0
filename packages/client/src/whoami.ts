import type { ServicePermission } from './service-keys.ts'
import type { Role } from './sign-in.ts'
import type { LimitState } from './verification.ts'

/** Who a credential is. */
export type Whoami =
  | {
      type: 'service_key'
      id: string
      name: string
      permissions: ServicePermission[]
      organization: string | null
    }
  | {
      type: 'user'
      id: string
      name: string
      email: string
      /** Runs the instance. */
      operator: boolean
      organizations: { id: string; name: string; role: Role }[]
      signedInBy: 'session' | 'cli_token'
    }
  | {
      type: 'api_key'
      id: string
      name: string
      hint: string
      organization: string
      project: string | null
      user: string | null
      kind: string
      environment: string
      /** null: all. */
      permissions: string[] | null
      namespaces: string[] | null
      limits: LimitState[]
      /** Of the organization; null: unlimited. */
      monthlyQuota: { requests: number; remaining: number; resetAt: string } | null
      expiresAt: string | null
      /** This secret has been rotated and stops working then. */
      retiresAt: string | null
    }
