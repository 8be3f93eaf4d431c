#!/usr/bin/env node
// The entry: the one place that touches process.

import {failureText, main} from './cli/main.ts'

const EXIT_PATIENCE_MS = 2000

process.on('uncaughtException', error => {
  process.stderr.write(failureText(error))
  process.exit(1)
})

const exitCode = await main({
  argv: process.argv.slice(2),
  env: process.env,
  writeOut: text => void process.stdout.write(text),
  writeError: text => void process.stderr.write(text),
  onStopSignal: listener => {
    process.on('SIGINT', listener)
    process.on('SIGTERM', listener)
  },
  onReloadSignal: listener => process.on('SIGHUP', listener),
  exit: code => process.exit(code),
})
process.exitCode = exitCode
// Output still on its way to a pipe gets its time; a handle that somebody forgot does not keep the process.
setTimeout(() => process.exit(exitCode), EXIT_PATIENCE_MS).unref()
