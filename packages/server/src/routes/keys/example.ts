import type { z } from '@hono/zod-openapi'
import type { keySchema } from './view.ts'

export const keyExample: z.output<typeof keySchema> = {
  id: 'key_01kahrp6e1f9k5w3m8c7d2sn4q',
  name: 'Production',
  hint: 'kw_live_…a3F9',
  state: 'active',
  organization: 'acme',
  project: null,
  kind: 'secret',
  environment: 'live',
  permissions: ['reports:read'],
  namespaces: null,
  allowedIps: null,
  limits: [{ requests: 100, windowSeconds: 60, per: 'key', kind: 'window' }],
  limitsBeside: false,
  metadata: { team: 'billing' },
  createdBy: null,
  createdAt: '2026-11-20T08:00:00.000Z',
  expiresAt: '2027-02-18T08:00:00.000Z',
  suspendedAt: null,
  revokedAt: null,
  revokedReason: null,
  lastUsedAt: '2026-11-20T09:00:00.000Z',
  versions: [
    {
      number: 1,
      hint: 'kw_live_…a3F9',
      createdAt: '2026-11-20T08:00:00.000Z',
      retiresAt: null,
      lastUsedAt: '2026-11-20T09:00:00.000Z',
    },
  ],
}

export const newKeyExample = {
  ...keyExample,
  lastUsedAt: null,
  versions: keyExample.versions.map((version) => ({ ...version, lastUsedAt: null })),
}

/** Not a key: it has no form's length, and no checksum. */
export const credentialExample = 'kw_live_<shown once>'

export const receiptExample = '3.9f86d081884c7d65'
