import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

// Tests run from the sources of every package, never from a build that may be stale.
const source = 'keywright-source'

const everything = ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/**/*.test.ts']
const several = ['packages/server/test/nodes/**/*.test.ts']

function project(name: string, test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return { extends: true, test: { name, ...test } }
}

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    coverage: { include: ['packages/*/src/**'] },
    projects: [
      // Most wait for servers and browsers. Vitest's own number, one less than there are processors, leaves them idle.
      project('tests', { include: everything, exclude: several, maxWorkers: '100%', sequence: { groupOrder: 0 } }),
      // Each file of these runs several processes of Keywright, a database and Redis, and promises them seconds.
      project('nodes', { include: several, maxWorkers: 1, sequence: { groupOrder: 1 } }),
    ],
  },
})
