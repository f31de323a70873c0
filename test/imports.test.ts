import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'vite'
import { describe, expect, it } from 'vitest'

/**
 * What each place may import besides itself: other places of ours, Node's built-in modules (`node`), packages of
 * others (`npm`). The longest place that contains a file speaks for it. Type imports are imports too.
 */
const mayImport: Record<string, string[]> = {
  'core/key': ['node'],
  'core/limit': ['node', 'core/key'],
  'core/contract': ['node', 'core/key', 'core/limit'],
  'core/audit': ['node', 'core/key'],
  'core/store': ['node', 'core/key', 'core/limit', 'core/audit', 'core/contract'],
  'core/verify': ['node', 'core/key', 'core/limit', 'core/audit', 'core/contract', 'core/store'],
  'core/lifecycle': ['node', 'core/key', 'core/limit', 'core/audit', 'core/contract', 'core/store'],
  'core/http': ['node', 'core/key', 'core/contract', 'core/verify'],
  'core/remote': ['node', 'core/key', 'core/audit', 'core/store', 'core/verify'],
  'core/middleware': ['node', 'core/key', 'core/contract', 'core/verify', 'core/http'],
  // Types alone: they say that a framework's own request has the principal.
  'core/middleware/fastify': ['node', 'npm', 'core/verify', 'core/middleware'],
  'core/middleware/hono': ['node', 'npm', 'core/verify', 'core/middleware'],
  'core/testing': ['node', 'core'],
  core: ['node'],
  contracts: ['node', 'core'],
  server: ['node', 'npm', 'core', 'contracts'],
  'server/cli': ['node', 'npm', 'core', 'contracts', 'server', 'client'],
  client: [],
  console: ['npm', 'client'],
}

/** Places that only the wiring may name, so that nothing else depends on which database there is. */
const importedOnlyBy: Record<string, string[]> = {
  'server/stores': ['server/stores', 'server/main', 'server/cli/commands/backup', 'server/cli/commands/migrate'],
}

const packages: Record<string, string> = {
  '@keywright/core': 'core',
  '@keywright/contracts': 'contracts',
  '@keywright/client': 'client',
  keywright: 'server',
}

describe('the import arrows', () => {
  it('hold in every source file', () => {
    expect(sourceFiles().flatMap((file) => violations(file, readFileSync(join('packages', file), 'utf8')))).toEqual([])
  })

  it.each([
    ['core/src/key/digest.ts', `import { createHash } from 'node:crypto'`],
    ['core/src/key/digest.ts', `export * from './record.ts'`],
    ['core/src/store/memory.ts', `import type { Contract } from '../contract/contract.ts'`],
    ['core/src/index.ts', `export { verify } from './verify/verify.ts'`],
    ['contracts/src/hopx/index.ts', `import type { Contract } from '@keywright/core'`],
    ['server/src/main.ts', `import { sqlite } from './stores/sqlite.ts'`],
    ['server/src/cli/keys.ts', `import { Keywright } from '@keywright/client'`],
    ['console/src/app.tsx', `import { useState } from 'react'`],
    ['client/src/example.ts', `const snippet = "import { guard } from '@keywright/core/node'"`],
  ])('allow %s to say %s', (file, source) => {
    expect(violations(file, source)).toEqual([])
  })

  it.each([
    ['core/src/key/digest.ts', `import { stateAt } from '../verify/state.ts'`, 'core/verify'],
    ['core/src/limit/window.ts', `import type { Contract } from '../contract/contract.ts'`, 'core/contract'],
    ['core/src/verify/verify.ts', `export * from '../lifecycle/issue.ts'`, 'core/lifecycle'],
    ['core/src/verify/verify.ts', `const hono = await import('hono')`, 'npm'],
    ['core/src/middleware/node.ts', `import { hopx } from '@keywright/contracts'`, 'contracts'],
    ['contracts/src/hopx/index.ts', `import { serve } from '../../../server/src/main.ts'`, 'server/main'],
    ['server/src/http/listen.ts', `import { Keywright } from '@keywright/client'`, 'client'],
    ['server/src/routes/verify.ts', `import '../stores/sqlite.ts'`, 'server/stores'],
    ['server/src/routes/verify.ts', `type Sqlite = import('../stores/sqlite.ts').Sqlite`, 'server/stores'],
    ['client/src/client.ts', `import { Agent } from 'node:http'`, 'node'],
    ['console/src/app.tsx', `import { mask } from '@keywright/core'`, 'core'],
  ])('forbid %s to say %s', (file, source, target) => {
    expect(violations(file, source)).toEqual([`${file} may not import ${target}`])
  })
})

function violations(file: string, source: string): string[] {
  const from = placeOf(file)
  return importsOf(file, source)
    .map((specifier) => targetOf(file, specifier))
    .filter((to) => !isAllowed(from, to))
    .map((to) => `${file} may not import ${to.split('/').slice(0, 2).join('/')}`)
}

function isAllowed(from: string, to: string): boolean {
  const speaksFor = longest(Object.keys(mayImport), from)
  if (speaksFor === undefined) throw new Error(`No row in the table speaks for ${from}`)
  const guarded = longest(Object.keys(importedOnlyBy), to)
  if (guarded !== undefined && !importedOnlyBy[guarded]?.some((place) => isWithin(place, from))) return false
  return [speaksFor, ...(mayImport[speaksFor] ?? [])].some((place) => isWithin(place, to))
}

/** `core/src/key/digest.ts` is the place `core/key/digest`. */
function placeOf(path: string): string {
  return path.replace('/src/', '/').replace(/\.tsx?$/, '')
}

function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return placeOf(join(file, '..', specifier))
  if (specifier.startsWith('node:')) return 'node'
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return packages[name] ?? 'npm'
}

function importsOf(file: string, source: string): string[] {
  const specifiers: string[] = []
  const add = (node: { source: unknown }) => {
    const { value } = (node.source ?? {}) as { value?: unknown }
    if (typeof value === 'string') specifiers.push(value)
  }
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`)
  new Visitor({
    ImportDeclaration: add,
    ExportNamedDeclaration: add,
    ExportAllDeclaration: add,
    ImportExpression: add,
    TSImportType: add,
  }).visit(program)
  return specifiers
}

function longest(places: string[], path: string): string | undefined {
  return places.filter((place) => isWithin(place, path)).sort((a, b) => b.length - a.length)[0]
}

function isWithin(place: string, path: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}

/** Tests are free to import what they like. */
function sourceFiles(): string[] {
  return readdirSync('packages', { recursive: true, encoding: 'utf8' })
    .filter((file) => /^[^/]+\/src\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .sort()
}
