#!/usr/bin/env node
// Old Nodes run this file too, so it stays in syntax they can read and loads nothing else before the check.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
// The SQLite driver crashes the process where Node-API is older than version 10.
const suitable = (major > 22 || (major === 22 && minor >= 19)) && Number(process.versions.napi) >= 10

if (suitable) {
  import('../dist/cli/main.js').catch(fail)
} else {
  const name = `node-${process.platform}-${process.arch}`
  const privateNode = fileURLToPath(new URL(`../../../.tools/node_modules/${name}/bin/node`, import.meta.url))
  if (existsSync(privateNode)) continueWith(privateNode)
  else refuse()
}

function continueWith(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  // A terminal sends ctrl-c to the child as well; forwarding it there would count as pressing it twice.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('error', fail)
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function refuse() {
  process.stderr.write(`error: Keywright needs Node 22.19 or newer; this is ${process.version}.\n`)
  process.stderr.write('hint: Install Node 24. In a checkout, `npm start` fetches a private one.\n')
  process.exitCode = 1
}

function fail(error) {
  const unbuilt = error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes('dist')
  process.stderr.write(`error: ${unbuilt ? 'Keywright is not built.' : error.message}\n`)
  if (unbuilt) process.stderr.write('hint: Run `npm run build` in the checkout.\n')
  process.exitCode = 1
}
