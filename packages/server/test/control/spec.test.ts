import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { openapiDocument } from '../../src/control/openapi.ts'
import { problems } from '../../src/control/problems.ts'
import { routes } from '../../src/routes/index.ts'

const spec = '../../../../spec'
const written = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** `npx vitest run packages/server/test/control/spec.test.ts -u` writes both files anew. */
describe('what is written down for other languages', () => {
  it('is the OpenAPI document that this instance serves', async () => {
    await expect(written(openapiDocument())).toMatchFileSnapshot(`${spec}/openapi.json`)
  })

  it('is every problem the control side can answer', async () => {
    await expect(written(problems)).toMatchFileSnapshot(`${spec}/problems.json`)
  })
})

/** As a client made from the document would find them. */
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(openapiDocument(), 'openapi.json')

function faultsOf(schema: unknown, value: unknown): unknown[] {
  const referring = JSON.stringify(schema).replaceAll('"#/components', '"openapi.json#/components')
  const isValid = ajv.compile(JSON.parse(referring))
  isValid(value)
  return isValid.errors ?? []
}

describe('the OpenAPI document', () => {
  const operations = Object.values(openapiDocument().paths ?? {}).flatMap((item) =>
    Object.values(item as Record<string, Operation>),
  )

  interface Operation {
    operationId: string
    summary: string
    requestBody?: { content: Record<string, { schema?: unknown; example?: unknown }> }
    responses: Record<
      string,
      { content: Record<string, { schema?: unknown; example?: unknown; examples?: Record<string, unknown> }> }
    >
  }

  it('has every route under a name of its own', () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(
      [
        ...routes.map(({ operationId }) => operationId),
        'verify',
        ...['forwardAuth', 'forwardAuthByHead', 'forwardAuthByPost'],
      ].sort(),
    )
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })

  it('refers to nothing that it does not hold', () => {
    const document = openapiDocument()
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^/"]+)\/([^"]+)"/g)]
    const components = document.components as Record<string, Record<string, unknown>>
    for (const [, kind = '', name = ''] of references) expect(components[kind], name).toHaveProperty(name)
    expect(references.length).toBeGreaterThan(100)
  })

  it('asks for no member that may be absent', () => {
    expect(openapiDocument().components?.schemas?.NewKey).toMatchObject({ required: ['organization', 'name'] })
  })

  it.each(operations)('shows for $operationId an example of each body and of each problem', (operation) => {
    for (const body of Object.values(operation.requestBody?.content ?? {})) expect(body.example).toBeDefined()
    for (const [status, { content }] of Object.entries(operation.responses)) {
      // What a proxy is answered has the contract's own form.
      if (operation.operationId.startsWith('forwardAuth') && content === undefined) continue
      if (Number(status) < 300) expect(content['application/json']?.example).toBeDefined()
      else expect(Object.keys(content['application/problem+json']?.examples ?? {})).not.toEqual([])
    }
  })

  it.each(operations)('has for $operationId examples that fit what it says of them', ({ requestBody, responses }) => {
    const contents = [requestBody, ...Object.values(responses)].map((part) => part?.content?.['application/json'])
    for (const { schema, example } of contents.filter((content) => content !== undefined)) {
      expect(faultsOf(schema, example)).toEqual([])
    }
  })

  it('says of a row that is imported what fits one', () => {
    const row = { organization: 'acme', name: 'Old', digest: '0'.repeat(64) }
    expect(faultsOf({ $ref: '#/components/schemas/ForeignKey' }, row)).toEqual([])
    expect(faultsOf({ $ref: '#/components/schemas/ForeignKey' }, { ...row, secret: '' })).not.toEqual([])
  })

  it.each(routes)('has for $operationId examples that fit their schemas', ({ answer, body, bodyExample }) => {
    expect(answer.schema.safeParse(answer.example)).toMatchObject({ success: true })
    if (body) expect(body.safeParse(bodyExample)).toMatchObject({ success: true })
  })
})
