import { z } from '@hono/zod-openapi'
import { isOneLine } from '@keywright/core'

const mostOnPage = 200

export function line(most: number) {
  return z.string().min(1).max(most).refine(isOneLine, 'must not hold control characters')
}

/** What people are shown: of spaces alone, with or without what is not drawn at all, nobody could tell it from nothing. */
export const name = line(200).refine((text) => !/^[\s\p{DI}\u2800]+$/u.test(text), 'must not be spaces alone')

/** An id in a body or a query, known or not. */
export const id = z.string().min(1).max(64)

export const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, _ and -, and begin with a letter or digit')

/** RFC 3339. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be a time in RFC 3339, such as 2026-12-31T00:00:00Z' })
  .transform((text) => new Date(text))
  .refine((at) => /^\d{4}-/.test(at.toISOString()), 'must be in the years 0000 to 9999 (UTC)')

/** In answers. */
export const time = z.iso.datetime()

export function timeOf(date: Date | null): string | null {
  return date?.toISOString() ?? null
}

export const receipt = z.string().openapi({
  description: 'Ask `GET /v1/receipts/{receipt}` which nodes have applied the change.',
  example: '42.9f86d081884c7d65',
})

export const paging = {
  cursor: z.string().max(600).optional().openapi({ description: "An earlier page's `nextCursor`." }),
  limit: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|200)$/, `must be a whole number from 1 to ${mostOnPage}`)
    .default('50')
    .transform(Number)
    .openapi({ type: 'integer', minimum: 1, maximum: mostOnPage, default: 50 }),
}

const nextCursor = z.string().nullable().openapi({
  description: 'null at the end, and there alone: a page may hold fewer than `limit`, or none, and go on all the same.',
})

/** `{ keys: […], nextCursor }`. */
export function pageOf<Name extends string, Item extends z.ZodType>(list: Name, item: Item) {
  const members = { [list]: z.array(item), nextCursor }
  return z.strictObject(members as { [name in Name]: z.ZodArray<Item> } & { nextCursor: z.ZodNullable<z.ZodString> })
}
