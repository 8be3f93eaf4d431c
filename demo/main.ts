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
/** How long servers get to end by themselves; what still runs then ends with us. */
const UNDO_WITHIN_MS = 10_000

const options = parseDemoOptions(process.argv.slice(2))
const folder = resolve(projectRoot(), options.folder)
const undo = new UndoStack()
const interruption = new Promise<never>((_, reject) => {
  let count = 0
  const interrupt = (): void => {
    // A second one does not wait: what runs still ends with us.
    if (++count > 1) process.exit(INTERRUPTED)
    reject(new Interrupted('interrupted'))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  // Whoever read our lines is gone, as in `npm run demo | head`.
  process.stdout.on('error', interrupt)
})
const demo = new Demo({
  options,
  folder,
  undo,
  interruption,
  terminal: new Terminal(process.stdout, Demo.steps, process.env['NO_COLOR'] !== undefined),
})

let exitCode = 0
try {
  await Promise.race([demo.run(), interruption])
} catch (error) {
  exitCode = error instanceof Interrupted ? INTERRUPTED : 1
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
