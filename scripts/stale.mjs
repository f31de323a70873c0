// The compiler leaves what it once made of a file that is gone by now, and a package would carry it.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Removes from each package's `dist` what was made of a source that is no longer there. */
export function removeStale(root) {
  const packages = join(root, 'packages')
  for (const name of readdirSync(packages)) {
    const dist = join(packages, name, 'dist')
    if (existsSync(dist)) sweep(dist, join(packages, name, 'src'))
  }
}

function sweep(dist, src) {
  for (const entry of readdirSync(dist, { withFileTypes: true })) {
    const path = join(dist, entry.name)
    // The console's build has no folder of sources beside it.
    if (entry.isDirectory() && entry.name !== 'web') sweep(path, join(src, entry.name))
    const made = entry.isFile() && /^([^.].*)\.(?:d\.ts|js|js\.map)$/.exec(entry.name)
    if (made && !['.ts', '.tsx'].some((ending) => existsSync(join(src, made[1] + ending))))
      rmSync(path, { force: true })
  }
}
