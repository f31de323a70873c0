import type { EdgeAnswer } from './edge-routes.ts'

export function json(status: number, value: unknown): EdgeAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  }
}
