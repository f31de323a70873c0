export * from './clock.ts'
export * from './counters.ts'
export * from './in-memory.ts'
export * from './store.ts'
