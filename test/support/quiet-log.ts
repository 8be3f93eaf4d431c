// Loggers for tests: one that says nothing, one that remembers.

import type {SinkLog} from '../../src/sinks/sink-log.ts'

export const quietLog: SinkLog = {debug: () => {}, info: () => {}, warn: () => {}, error: () => {}}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: object
  readonly sentence: string
}

export function rememberingLog(): SinkLog & {readonly lines: LogLine[]} {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, sentence: string) => {
    lines.push({level, fields, sentence})
  }
  return {lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error')}
}
