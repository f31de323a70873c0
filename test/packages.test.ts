import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const { npmOf } = await import(new URL('../scripts/setup.mjs', import.meta.url).href)
const { removeStale } = await import(new URL('../scripts/stale.mjs', import.meta.url).href)

interface Manifest {
  name: string
  bin?: Record<string, string>
  exports: Record<string, Record<string, string>>
  dependencies?: Record<string, string>
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
}

const folders = ['core', 'contracts', 'client', 'server']
/** What npm would put into each. */
let packed: Map<string, string[]>

beforeAll(() => {
  const paths = folders.map((folder) => `./packages/${folder}`)
  const args = ['pack', ...paths, '--dry-run', '--json', '--ignore-scripts', '--offline', '--loglevel=error']
  const told = execFileSync(process.execPath, [npmOf(process.execPath), ...args], { cwd: root, encoding: 'utf8' })
  const packages: { name: string; files: { path: string }[] }[] = Object.values(JSON.parse(told))
  packed = new Map(packages.map(({ name, files }) => [name, files.map(({ path }) => path)]))
}, 180_000)

function filesOf(folder: string): string[] {
  return packed.get(manifestOf(folder).name) ?? []
}

describe.each(folders)('the package of %s', (folder) => {
  let files: string[]
  beforeAll(() => {
    files = filesOf(folder)
  })

  it('has its license, says what it is, and holds no test and nothing of the compiler', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    const license = (path: string) => readFileSync(join(root, path, 'LICENSE'), 'utf8')
    expect(license(`packages/${folder}`)).toBe(license('.'))
    expect(files.filter((file) => /\.test\.|tsbuildinfo|\/\./.test(file))).toEqual([])
  })

  it('holds every file that it promises', () => {
    const { bin = {}, exports } = manifestOf(folder)
    const promised = [...Object.values(bin), ...Object.values(exports).flatMap((one) => Object.values(one))]
    if (folder === 'server') promised.push('dist/cli/main.js', 'dist/web/index.html', 'dist/web/licenses.md')
    expect(promised.filter((file) => !files.includes(file.replace('./', '')))).toEqual([])
  })

  it('holds no module whose source is gone', () => {
    const modules = files.filter((file) => /^dist\/(?!web\/)/.test(file))
    const sourceOf = (file: string) => file.replace('dist/', 'src/').replace(/\.(?:d\.ts|js|js\.map)$/, '.ts')
    expect(modules.filter((file) => !files.includes(sourceOf(file)))).toEqual([])
  })
})

describe('whoever installs the stores', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-package-'))
    for (const file of filesOf('server').filter((one) => /^dist\/(?!web\/)|^package\.json$/.test(one))) {
      cpSync(join(root, 'packages/server', file), join(folder, 'node_modules/keywright', file), { recursive: true })
    }
    for (const name of Object.keys(manifestOf('server').dependencies ?? {})) {
      const installed = ['packages/server/node_modules', 'node_modules'].map((path) => join(root, path, name))
      const link = join(folder, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(installed.find((path) => existsSync(path)) ?? '', link)
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('has the types of their clients, and is told of another', () => {
    writeFileSync(
      join(folder, 'mine.ts'),
      [
        `import { postgres, sqlite, type PostgresStore, type SqliteStore } from 'keywright/stores'`,
        `export const stores: [typeof postgres, typeof sqlite, PostgresStore?, SqliteStore?] = [postgres, sqlite]`,
        `// @ts-expect-error`,
        `export const mistaken = sqlite('keys.db')`,
        `// @ts-expect-error`,
        `export const alsoMistaken = postgres('postgres://127.0.0.1')`,
      ].join('\n'),
    )
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023']
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const compile = () =>
      execFileSync(process.execPath, [compiler, ...flags, 'mine.ts'], { cwd: folder, encoding: 'utf8' })
    expect(compile()).toBe('')
  })

  it('is given the two stores alone', () => {
    const program = `process.stdout.write(Object.keys(await import('keywright/stores')).join())`
    const args = ['--input-type=module', '--eval', program]
    expect(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })).toBe('postgres,sqlite')
  })
})

describe('whoever compiles against the library', () => {
  const library = ['core', 'contracts', 'client']

  it('is told of nothing in it, also by a compiler that looks into what is installed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-types-'))
    try {
      mkdirSync(join(folder, 'node_modules/@keywright'), { recursive: true })
      for (const name of library)
        symlinkSync(join(root, 'packages', name), join(folder, 'node_modules/@keywright', name))
      const entries = library.flatMap((name) => Object.keys(manifestOf(name).exports).map((path) => join(name, path)))
      const imports = entries.map((path, i) => `export * as entry${i} from '@keywright/${path}'`)
      writeFileSync(join(folder, 'mine.mts'), imports.join('\n'))
      const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2020', '--types', 'node']
      flags.push('--typeRoots', join(root, 'node_modules/@types'))
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      for (const resolution of [
        ['--module', 'nodenext'],
        ['--module', 'esnext', '--moduleResolution', 'bundler'],
      ]) {
        const args = [compiler, ...flags, ...resolution, 'mine.mts']
        const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
        // What the types of a framework lack is theirs.
        expect(stdout.split('\n').filter((line) => /^(?:mine|.*packages\/)/.test(line))).toEqual([])
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('may do so with a compiler for which arrays of bytes have no type parameter, as before TypeScript 5.7', () => {
    const declared = library.flatMap((name) => {
      const files = filesOf(name).filter((file) => file.endsWith('.d.ts'))
      return files.map((file) => join(root, 'packages', name, file))
    })
    expect(declared).not.toEqual([])
    expect(declared.filter((file) => /<ArrayBuffer(?:Like)?>/.test(readFileSync(file, 'utf8')))).toEqual([])
  })
})

it.each(['#', '?', '*'])('a checkout in a folder with %s in its name says that it has to be moved', (mark) => {
  const folder = mkdtempSync(join(tmpdir(), `keywright${mark}`))
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true })
  const { status, stderr } = spawnSync(process.execPath, ['scripts/start.mjs'], { cwd: folder, encoding: 'utf8' })
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^error: .+\nhint: Move it, .+\n$/)])
  rmSync(folder, { recursive: true })
})

it('a build loses what was made of a source that is gone, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-stale-'))
  const at = (path: string) => join(folder, 'packages/one', path)
  const kept = ['src/here.ts', 'src/deep/view.tsx', 'dist/here.js', 'dist/here.d.ts', 'dist/here.js.map']
  kept.push('dist/deep/view.d.ts', 'dist/.tsbuildinfo', 'dist/web/index.html', 'dist/web/assets/app.js')
  const stale = ['dist/gone.js', 'dist/gone.d.ts', 'dist/gone.js.map', 'dist/deep/gone.js', 'dist/left/gone.js']
  try {
    for (const file of [...kept, ...stale]) {
      mkdirSync(dirname(at(file)), { recursive: true })
      writeFileSync(at(file), '')
    }
    removeStale(folder)
    expect([...kept, ...stale].filter((file) => existsSync(at(file)))).toEqual(kept)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
