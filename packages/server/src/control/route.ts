import type { z } from '@hono/zod-openapi'
import type { Actor, Change, Lifecycle, ServicePermission } from '@keywright/core'
import type { Caller } from '../access/caller.ts'
import type { ControlParts } from './deps.ts'
import type { ProblemCode } from './problems.ts'

/** One call, authenticated and checked. */
interface Call<Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  caller: Caller
  actor: Actor
  /** Its store marks every change as this call's. */
  lifecycle: Lifecycle
  deps: ControlParts
}

/** What a call with the same `Idempotency-Key` did before. */
export interface Earlier {
  /** What its last change happened to; '' where nothing had to change. */
  target: string
  /** Number of the secret version it issued. */
  version: number | null
  /** All that it has changed, oldest first, when it was repeated included. */
  changes(): Promise<Change[]>
}

interface Description<Path extends string, Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType> {
  operationId: string
  method: 'get' | 'post' | 'patch' | 'delete'
  /** `/v1/keys/{key}`. */
  path: Path
  tag: string
  summary: string
  description?: string
  query?: Query
  body?: Body
  bodyExample?: z.input<Body>
  /** Taken of a body, where that is more than elsewhere. */
  mostBytes?: number
  /** The body may be left out. */
  bodyOptional?: boolean
  answer: { status: 200 | 201 | 202; description: string; schema: Answer; example: z.input<Answer> }
  /** Beside those that every such route can answer. */
  problems: readonly ProblemCode[]
}

type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { [name in Name]: string } & ParamsOf<Rest>
  : object

/** A route whose caller is known, and may do what it asks for, before anything else is looked at. */
export interface GuardedRoute<
  Path extends string,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> extends Description<Path, Query, Body, Answer> {
  permission: ServicePermission
  handle(call: Call<ParamsOf<Path>, z.output<Query>, z.output<Body>>): Promise<z.input<Answer>>
  /**
   * What a `POST` answers that has been carried out and is repeated. Unless given it is handled again, which is right for
   * what ends something for good, and for what makes a secret in the place of the one before.
   */
  replay?(call: Call<ParamsOf<Path>, z.output<Query>, z.output<Body>>, earlier: Earlier): Promise<z.input<Answer>>
}

/** A call that nobody has looked at yet. */
export interface OpenCall<Body> {
  request: Request
  headers: Headers
  /** Of the client, in its one spelling; null where there is none. */
  address: string | null
  requestId: string
  /** Is here by now, and checked when it is asked for. */
  body(): Promise<Body>
  /** Values of `Set-Cookie` for the answer. */
  setCookies(cookies: readonly string[]): void
}

/** A route that decides for itself whom it answers. */
export interface OpenRoute<Body extends z.ZodType, Answer extends z.ZodType>
  extends Description<string, z.ZodType, Body, Answer> {
  permission: null
  /** Whether it looks at credentials, and at which. */
  credentials: 'any' | 'session' | 'none'
  answerTo(call: OpenCall<z.output<Body>>, deps: ControlParts): Promise<z.input<Answer>>
}

type AnyCall = Call<Record<string, string>, unknown, unknown>
type Erased = Description<string, z.ZodType, z.ZodType, z.ZodType>

/** As the route table holds them. */
export type Route =
  | (Erased & {
      permission: ServicePermission
      handle(call: AnyCall): Promise<unknown>
      replay?(call: AnyCall, earlier: Earlier): Promise<unknown>
    })
  | (Erased & {
      permission: null
      credentials: 'any' | 'session' | 'none'
      answerTo(call: OpenCall<unknown>, deps: ControlParts): Promise<unknown>
    })

export function route<Path extends string, Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType>(
  definition: GuardedRoute<Path, Query, Body, Answer>,
): Route {
  return definition as unknown as Route
}

export function openRoute<Body extends z.ZodType, Answer extends z.ZodType>(
  definition: OpenRoute<Body, Answer>,
): Route {
  return definition as unknown as Route
}
