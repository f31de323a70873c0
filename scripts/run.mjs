import { spawn } from 'node:child_process'

/** Runs a command in the foreground and resolves when it succeeded; when it did not, this process ends as it did. */
export async function run(command, args, options) {
  const { code, signal } = await outcomeOf(command, args, options)
  if (code !== 0) exitAs({ code, signal })
}

/** Runs a command in the foreground, passing signals on, and tells how it ended. */
export function outcomeOf(command, args, options) {
  const child = spawn(command, args, { stdio: 'inherit', ...options })
  const pass = (signal) => child.kill(signal)
  // A terminal sends ctrl-c to the child as well; forwarding it there would count as pressing it twice.
  const passInterrupt = () => process.stdin.isTTY || child.kill('SIGINT')
  process.on('SIGTERM', pass)
  process.on('SIGHUP', pass)
  process.on('SIGINT', passInterrupt)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      process.removeListener('SIGTERM', pass)
      process.removeListener('SIGHUP', pass)
      process.removeListener('SIGINT', passInterrupt)
      resolve({ code, signal })
    })
  })
}

/** Ends this process the way a child ended: with its exit code, or by its signal. */
export function exitAs({ code, signal }) {
  if (signal) process.kill(process.pid, signal)
  process.exit(code === null ? 1 : code)
}
