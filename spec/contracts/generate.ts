// node --conditions=keywright-source spec/contracts/generate.ts: writes the contracts and their refusals down again.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { specFiles } from '../../packages/contracts/test/spec-files.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = specFiles()
for (const [file, content] of files) {
  mkdirSync(join(root, dirname(file)), { recursive: true })
  writeFileSync(join(root, file), JSON.stringify(content))
}
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
execFileSync(process.execPath, [biome, 'format', '--write', ...files.keys()], { cwd: root, stdio: 'inherit' })
