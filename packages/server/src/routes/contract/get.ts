import { z } from '@hono/zod-openapi'
import type { Contract } from '@keywright/core'
import { openRoute } from '../../control/route.ts'
import { snippets } from '../../docs/languages.ts'
import { exampleRequest } from '../../docs/sending.ts'
import { limitSchema } from '../keys/view.ts'

const contractSchema = z
  .strictObject({
    name: z.string(),
    title: z.string().openapi({ description: 'What people call the API.' }),
    edge: z.string().openapi({ description: 'Where the API itself is reached.' }),
    credential: z.strictObject({
      sources: z
        .array(z.record(z.string(), z.union([z.string(), z.boolean()])))
        .openapi({ description: 'Where a caller may put the key, the preferred first.' }),
      whenSeveral: z.enum(['first', 'equal', 'refuse']),
    }),
    forms: z
      .array(
        z.strictObject({
          prefix: z.string(),
          environment: z.string(),
          kind: z.string(),
          publicId: z.strictObject({ length: z.int(), separator: z.string() }).nullable(),
        }),
      )
      .openapi({ description: 'What can be issued: one form for each environment and kind.' }),
    boundTo: z.enum(['organization', 'project']),
    oneKeyPerOrganization: z.boolean(),
    permissions: z.strictObject({
      offered: z.record(z.string(), z.string()).openapi({ description: 'Each with what it is for.' }),
      byMakersRole: z
        .strictObject({ owner: z.array(z.string()), admin: z.array(z.string()), member: z.array(z.string()) })
        .nullable(),
    }),
    namespaces: z.strictObject({ default: z.array(z.string()) }).nullable(),
    routes: z.array(
      z.strictObject({
        path: z.string(),
        methods: z.array(z.string()).nullable(),
        permission: z.union([z.string(), z.strictObject({ read: z.string(), write: z.string() })]).nullable(),
      }),
    ),
    rotation: z.strictObject({ maxGraceSeconds: z.int(), announce: z.boolean() }),
    revocation: z.strictObject({
      withinSeconds: z.int().openapi({
        description:
          'Every node refuses a revoked key within this time, even one that is cut off from the database. 0: there is ' +
          'one node, which does so at once. Followers of the change feed have bounds of their own.',
      }),
    }),
    limits: z.array(limitSchema),
    plans: z.record(z.string(), z.strictObject({ limits: z.array(limitSchema), monthlyQuota: z.int().nullable() })),
    docs: z.strictObject({
      variable: z.string(),
      organization: z.string(),
      example: z.strictObject({ method: z.string(), path: z.string() }),
      snippets: z.array(z.strictObject({ label: z.string(), code: z.string() })).openapi({
        description:
          'The example for curl and in several languages. They read the key from the variable, or its halves from ' +
          'two that end in `_ID` and `_SECRET`.',
      }),
    }),
  })
  .openapi('Contract')

export const getContractRoute = openRoute({
  operationId: 'getContract',
  method: 'get',
  path: '/v1/contract',
  tag: 'Contract',
  summary: 'How this instance does API keys',
  description: 'What the documentation says of the contract too; it holds no secret and needs no credential.',
  permission: null,
  credentials: 'none',
  answer: {
    status: 200,
    description: 'The contract, as far as those who manage keys need it.',
    schema: contractSchema,
    example: {
      name: 'keywright',
      title: 'Keywright',
      edge: 'http://127.0.0.1:8787',
      credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }], whenSeveral: 'refuse' },
      forms: [{ prefix: 'kw_live_', environment: 'live', kind: 'secret', publicId: null }],
      boundTo: 'organization',
      oneKeyPerOrganization: false,
      permissions: { offered: { 'reports:read': 'Read reports' }, byMakersRole: null },
      namespaces: null,
      routes: [{ path: '/reports/**', methods: ['GET'], permission: 'reports:read' }],
      rotation: { maxGraceSeconds: 2_592_000, announce: true },
      revocation: { withinSeconds: 10 },
      limits: [],
      plans: {},
      docs: {
        variable: 'KEYWRIGHT_API_KEY',
        organization: 'organization',
        example: { method: 'GET', path: '/reports' },
        snippets: [
          {
            label: 'curl',
            code: 'curl -i "http://127.0.0.1:8787/reports" \\\n  -H "Authorization: Bearer $KEYWRIGHT_API_KEY"',
          },
        ],
      },
    },
  },
  problems: [],
  async answerTo(_call, { lifecycle, edge, revocationSeconds }) {
    return { ...contractView(lifecycle.contract, edge()), revocation: { withinSeconds: revocationSeconds } }
  },
})

function contractView(contract: Contract, edge: string): Omit<z.input<typeof contractSchema>, 'revocation'> {
  const { name, title, credential, boundTo, oneKeyPerOrganization, permissions, namespaces, limits, plans } = contract
  const { rotation, docs } = contract
  return {
    name,
    title,
    edge,
    credential: {
      sources: credential.sources.map((source) => ({ ...source })),
      whenSeveral: credential.whenSeveral,
    },
    forms: formsOf(contract),
    boundTo,
    oneKeyPerOrganization,
    permissions: { offered: { ...permissions.offered }, byMakersRole: rolesOf(permissions.byMakersRole) },
    namespaces: namespaces && { default: [...namespaces.default] },
    routes: contract.routes
      .filter(({ access }) => access !== 'anonymous')
      .map(({ path, methods, permission }) => ({
        path,
        methods: methods ? [...methods] : null,
        permission: permission ?? null,
      })),
    rotation: { maxGraceSeconds: rotation.maxGraceSeconds, announce: rotation.announce },
    limits: [...limits],
    plans: Object.fromEntries(
      Object.entries(plans).map(([plan, { limits, monthlyQuota }]) => [plan, { limits: [...limits], monthlyQuota }]),
    ),
    docs: {
      variable: docs.variable,
      organization: docs.organization,
      example: { ...docs.example },
      snippets: snippets(exampleRequest(contract, edge)),
    },
  }
}

function formsOf({ key }: Contract) {
  const forms = new Map<string, z.input<typeof contractSchema>['forms'][number]>()
  for (const { prefix, environment, kind, retired, publicId = key.publicId } of key.forms) {
    const id = `${environment} ${kind}`
    if (!retired && !forms.has(id)) forms.set(id, { prefix, environment, kind, publicId: publicId && { ...publicId } })
  }
  return [...forms.values()]
}

function rolesOf(roles: Contract['permissions']['byMakersRole']) {
  return roles && { owner: [...roles.owner], admin: [...roles.admin], member: [...roles.member] }
}
