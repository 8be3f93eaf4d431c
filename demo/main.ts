// `npm run demo`: from nothing to a proof. Ctrl-C at any moment takes away all that was made.

import {resolve} from 'node:path'
import process from 'node:process'
import {projectRoot} from '../tools/servers/server-paths.ts'
import {ServersError} from '../tools/servers/servers-error.ts'
import {DemoError, Interrupted} from './demo-error.ts'
import {parseDemoOptions} from './demo-options.ts'
import {isDemoFolder, removeDemoFolder} from './demo-folder.ts'
import {Demo} from './demo.ts'
import {Terminal} from './terminal.ts'
import {UndoStack} from './undo-stack.ts'

const INTERRUPTED = 130
const SAME_INTERRUPT_MS = 500
/** How long servers get to end by themselves; what still runs then ends with us. */
const UNDO_WITHIN_MS = 10_000

const options = parseDemoOptions(process.argv.slice(2))
const folder = resolve(projectRoot(), options.folder)
const undo = new UndoStack()
const interruption = new Promise<never>((_, reject) => {
  let firstAt = Infinity
  const interrupt = (): void => {
    // A second one does not wait: what runs still ends with us. npm may pass on the one that we had from the terminal.
    if (performance.now() > firstAt + SAME_INTERRUPT_MS) process.exit(INTERRUPTED)
    firstAt = Math.min(firstAt, performance.now())
    reject(new Interrupted('interrupted'))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  // Whoever read our lines is gone, as in `npm run demo | head`.
  process.stdout.on('error', interrupt)
})
const terminal = new Terminal(process.stdout, Demo.steps, process.env['NO_COLOR'] !== undefined)
const demo = new Demo({
  options,
  folder,
  undo,
  interruption,
  terminal,
})

let exitCode = 0
try {
  await Promise.race([demo.run(), interruption])
} catch (error) {
  exitCode = error instanceof Interrupted ? INTERRUPTED : 1
  terminal.silence()
  if (error instanceof Interrupted) console.error('\ninterrupted: stopping and removing what the demo made …')
  else console.error(`\nthe demo failed: ${reasonOf(error)}`)
}
const timer = setTimeout(() => process.exit(exitCode), UNDO_WITHIN_MS)
for (const failure of await undo.run()) console.error(`while cleaning up: ${reasonOf(failure)}`)
clearTimeout(timer)
if (exitCode === INTERRUPTED) removeDemoFolder(folder)
else if (exitCode !== 0 && isDemoFolder(folder)) console.error(`configuration and log are in ${folder}`)
// The story may still be on its way to a server that is gone.
process.exit(exitCode)

/** Reasons that a reader can act on need no stack. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isExpected = error instanceof DemoError || error instanceof ServersError || 'code' in error
  return isExpected ? error.message : (error.stack ?? error.message)
}
