import { z } from '@hono/zod-openapi'

/**
 * The generator takes a member for required unless its schema accepts `undefined`. One that may be absent, but never
 * undefined, does not; asked by itself, which only the generator does, it says so from here on.
 */
export function announceAbsentMembers(schema: unknown, seen = new Set<unknown>()): void {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return
  seen.add(schema)
  if (schema instanceof z.ZodExactOptional) {
    const { safeParse } = schema
    schema.safeParse = (value, params) =>
      value === undefined ? { success: true, data: undefined as never } : safeParse(value, params)
  }
  const parts = schema instanceof z.ZodType ? Object.values(schema.def) : Object.values(schema)
  for (const part of parts) announceAbsentMembers(part, seen)
}
