// npm test [-- <arguments of vitest>]: everything that must hold, cheapest first; stops at the first that does not.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { oldestNode } from './oldest-node.mjs'
import { installPrograms } from './programs.mjs'
import { exitAs, outcomeOf } from './run.mjs'
import { consoleBuild, isConsoleBuilt, npmOf, root, setup } from './setup.mjs'
import { removeStale } from './stale.mjs'

const { node, env } = await setup({ build: false })
const summary = join(root, 'test-artifacts/vitest.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${summary}`]
rmSync(summary, { force: true })
await installPrograms({ root, npm: npmOf(node), node, env })

await claim('the code is formatted and lint-clean', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings'])
await claim('the packages build', 'typescript/bin/tsc', ['-b'])
removeStale(root)
if (!isConsoleBuilt()) await claim('the console builds', 'vite/bin/vite.js', consoleBuild.slice(1))
await claim('the tests type-check', 'typescript/bin/tsc', ['-p', 'tsconfig.test.json'])
await claimOnOldest('core and client run on the oldest Node they support', [
  '--test',
  'packages/core/test/smoke/oldest-node.mjs',
])
await claim('the tests pass', 'vitest/vitest.mjs', ['run', ...reporters, ...process.argv.slice(2)])
printTotals()

function claim(what, tool, args) {
  return holds(what, node, [join(root, 'node_modules', tool), ...args])
}

async function claimOnOldest(what, args) {
  return holds(what, await oldestNode({ root, npm: npmOf(node), node, env }), args)
}

async function holds(what, command, args) {
  process.stdout.write(`\n▸ ${what}\n`)
  const outcome = await outcomeOf(command, args, { cwd: root, env })
  if (outcome.code === 0) return
  process.stdout.write(`\n✗ not so: ${what}\n`)
  printTotals()
  exitAs(outcome)
}

function printTotals() {
  if (!existsSync(summary)) return
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(summary, 'utf8'))
  // A file that does not load fails as a suite and counts no test.
  const failed = numFailedTests || numFailedTestSuites
  process.stdout.write(`\n${numPassedTests} passed, ${failed} failed\n`)
}
