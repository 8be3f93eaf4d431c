// Loggers for tests: one that says nothing, one that remembers.

import type {Log} from '../../src/core/log.ts'

export const quietLog: Log = {debug: () => {}, info: () => {}, warn: () => {}, error: () => {}}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: object
  readonly sentence: string
}

export function rememberingLog(): Log & {readonly lines: LogLine[]} {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, sentence: string) => {
    lines.push({level, fields, sentence})
  }
  return {lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error')}
}
