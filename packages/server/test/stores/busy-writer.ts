import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { openSqlite } from '../../src/stores/index.ts'
import { changeKeys, foundAcme } from './change-keys.ts'

/**
 * A process that issues, rotates and revokes keys until it is killed. Prints `ready`, waits for a line on stdin, prints
 * `open` once the store is, and then each change, as JSON, after `transact` resolved with it.
 */
const [file = '', prefix = ''] = process.argv.slice(2)
const writers = 3

process.stdin.once('data', async () => {
  const store = openSqlite(file)
  print('open')
  await foundAcme(store)
  for (let writer = 0; writer < writers; writer++) {
    void changeKeys(store, `${prefix}_${writer}`, (head) => print(JSON.stringify(head)))
  }
})

// Being killed, it never comes to leave the next one its compiled modules at its exit.
flushCompileCache()
print('ready')

/** A pipe takes it whole and at once: what is printed stays printed when this process is killed. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
