// The parts that are measured alone, each in a process of its own.

import {join} from 'node:path'
import {OwnedProcess} from '../tools/servers/owned-process.ts'
import {provideKafka} from '../tools/servers/kafka-server.ts'
import type {BenchOptions} from './bench-options.ts'
import {benchLibrary} from './library.ts'
import {benchBinlogDecode} from './binlog-decode.ts'

/** Exit code of the part. */
export async function runTool({name, args}: NonNullable<BenchOptions['tool']>, signal: AbortSignal): Promise<number> {
  switch (name) {
    case 'values':
      return await runFile('values.js', args, signal)
    case 'rows':
      return await runFile('value-rows.js', args, signal)
    case 'decode':
      process.stdout.write(`${JSON.stringify(benchBinlogDecode())}\n`)
      return 0
    case 'library':
      process.stdout.write(`${JSON.stringify(await benchLibrary())}\n`)
      return 0
    case 'produce': {
      if (args.length > 0) return await runFile('produce.js', args, signal)
      const kafka = await provideKafka({measured: true})
      try {
        return await runFile('produce.js', [kafka.bootstrap], signal)
      } finally {
        await kafka.stop()
      }
    }
  }
}

async function runFile(file: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  signal.throwIfAborted()
  const child = OwnedProcess.start(process.execPath, [join(import.meta.dirname, file), ...args], {stdout: 1, stderr: 2})
  const kill = (): void => {
    child.signal('SIGKILL')
  }
  signal.addEventListener('abort', kill, {once: true})
  const {code} = await child.ended
  signal.removeEventListener('abort', kill)
  return code ?? 1
}
