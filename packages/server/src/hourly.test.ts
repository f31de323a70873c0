import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startHourly } from './hourly.ts'

const hourMs = 3_600_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

it('what takes longer than an hour is not begun again beside itself, and goes on after it, failed or not', async () => {
  const underWay: { resolve: (isMore: boolean) => void; reject: (error: Error) => void }[] = []
  const onError = vi.fn()
  const step = () => new Promise<boolean>((resolve, reject) => void underWay.push({ resolve, reject }))
  const hourly = startHourly(step, onError)
  await vi.advanceTimersByTimeAsync(3 * hourMs)
  expect(underWay).toHaveLength(1)
  underWay[0]?.reject(new Error('The database is away.'))
  await vi.advanceTimersByTimeAsync(hourMs)
  expect(underWay).toHaveLength(2)
  expect(onError).toHaveBeenCalledOnce()
  underWay[1]?.resolve(true)
  await vi.waitFor(() => expect(underWay).toHaveLength(3))
  hourly.stop()
  underWay[2]?.resolve(true)
  await vi.advanceTimersByTimeAsync(hourMs)
  expect(underWay).toHaveLength(3)
})
