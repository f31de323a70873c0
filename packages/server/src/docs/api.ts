import { openapiDocument } from '../control/openapi.ts'
import { problems } from '../control/problems.ts'
import { curl } from './languages.ts'
import { blocks, fence, inCell, inline, table } from './markdown.ts'
import type { Page, Subject } from './subject.ts'
import { either } from './words.ts'

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema: { enum?: string[]; minimum?: number; maximum?: number; default?: unknown }
}

interface Operation {
  summary: string
  description?: string
  tags: string[]
  security?: Record<string, unknown>[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { example?: unknown }> }
  responses: Record<string, { description: string; content?: Record<string, { example?: unknown }> }>
}

interface Call {
  method: string
  path: string
  operation: Operation
}

/** From the same table that serves the API. */
export function apiPage({ control }: Subject): Page {
  const calls = Object.entries(openapiDocument().paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  )
  const tags = [...new Set(calls.map(({ operation }) => operation.tags[0] ?? ''))]
  return {
    name: 'api',
    title: 'Management API',
    about: 'Everything that console and command line do, for programs.',
    markdown: blocks(
      '# Management API',
      `At ${inline(control)}, with a service key or a CLI token. The machine-readable form is ${inline(`${control}/openapi.json`)} (OpenAPI 3.1).`,
      fence('sh service_key', curl(asService({ control }, '/v1/keys'))),
      'Bodies are JSON. Times are RFC 3339 in UTC. Lists answer a page and `nextCursor`, which is `null` at the end. A `POST` that changes something is carried out once with an `Idempotency-Key`, however often it is sent within a day. Keys, permissions, namespaces and plans in the examples are made up.',
      ...tags.flatMap((tag) => [
        `## ${tag}`,
        ...calls.filter(({ operation }) => operation.tags[0] === tag).flatMap((call) => section(call, control)),
      ]),
      '## Problems',
      'What goes wrong is answered as `application/problem+json` (RFC 9457), with one of these in `code`. Codes stay as they are; sentences may improve.',
      table(
        ['code', 'status', 'why', 'what to do'],
        Object.entries(problems).map(([code, { status, cause, mend }]) => [
          inline(code),
          String(status),
          inCell(cause),
          inCell(mend),
        ]),
      ),
    ),
  }
}

function section({ method, path, operation }: Call, control: string): string[] {
  const { summary, description, parameters = [], requestBody, responses } = operation
  const [status = '', success] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? []
  const asked = requestBody?.content['application/json']?.example
  const answered = success?.content?.['application/json']?.example
  return [
    `### ${inline(`${method} ${path}`)}`,
    [summary, description].filter(Boolean).join('. ').replace(/\.?$/, '.'),
    ...(parameters.length === 0
      ? []
      : [
          table(
            ['parameter', 'in', 'about'],
            parameters.map((parameter) => [inline(parameter.name), parameter.in, inCell(about(parameter))]),
          ),
        ]),
    ...(isReadable({ method, path, operation }) ? [fence('sh service_key', curl(asService({ control }, path)))] : []),
    ...(asked === undefined ? [] : [fence('json', JSON.stringify(asked, null, 2))]),
    ...(answered === undefined
      ? []
      : [`Answers ${status}. ${success?.description ?? ''}`, fence('json', JSON.stringify(answered, null, 2))]),
  ]
}

/** What it is for, and what it takes. */
function about({ in: place, required, description, schema }: Parameter): string {
  const { enum: values = [], minimum, maximum = Number.MAX_SAFE_INTEGER, default: usual } = schema
  return [
    values.length > 0 && `${either(values.map(inline))}.`,
    description,
    minimum !== undefined && maximum < Number.MAX_SAFE_INTEGER && `${minimum} to ${maximum}.`,
    usual !== undefined && `Absent: ${inline(String(usual))}.`,
    required && place !== 'path' && 'Required.',
  ]
    .filter(Boolean)
    .join(' ')
}

/** A call that any service key can make as it stands; CLI tokens are for people alone. */
function isReadable({ method, operation: { parameters = [], security = [], tags } }: Call): boolean {
  const takesServiceKey = security.some((scheme) => 'serviceKey' in scheme) && !tags.includes('CLI tokens')
  return method === 'GET' && takesServiceKey && !parameters.some(({ required }) => required)
}

function asService({ control }: Pick<Subject, 'control'>, path: string) {
  return {
    method: 'GET',
    url: control + path,
    source: { header: 'Authorization', scheme: 'Bearer' },
    variable: 'KEYWRIGHT_SERVICE_KEY',
    body: null,
  }
}
