import assert from 'node:assert/strict'
import {test} from 'node:test'
import {explanationText} from '../../../src/cli/explain.ts'
import {main} from '../../../src/cli/main.ts'

async function run(...argv: string[]): Promise<{exitCode: number; out: string; error: string}> {
  let out = ''
  let error = ''
  const exitCode = await main({
    argv,
    env: {},
    writeOut: text => void (out += text),
    writeError: text => void (error += text),
    onStopSignal: () => assert.fail('explain waits for nothing'),
    onReloadSignal: () => undefined,
    exit: code => assert.fail(`exit ${code}`),
  })
  return {exitCode, out, error}
}

test('explain prints cause and cure of a code', async () => {
  const {exitCode, out} = await run('explain', 'TIDEMARK_BINLOG_PURGED')
  assert.equal(exitCode, 0)
  assert.equal(
    out,
    `TIDEMARK_BINLOG_PURGED

  Cause:
    The server has deleted the binlog that the stream was at: the task stood still for longer than
    the binlog is kept.

  What to do:
    snapshot.mode=when_needed begins at the present and copies all tables again; see
    docs/recipes.md. Keep the binlog longer: binlog_expire_logs_seconds, on RDS and Aurora “binlog
    retention hours”.
`,
  )
})

test('explain takes a code in small letters and without its prefix', () => {
  assert.equal(explanationText(' state_in_use'), explanationText('TIDEMARK_STATE_IN_USE'))
})

test('every internal fault has the one explanation', () => {
  assert.match(explanationText('TIDEMARK_INTERNAL_INVARIANT'), /^TIDEMARK_INTERNAL_INVARIANT\n[\s\S]*Please report/)
})

test('explain names the nearest code for one that is none, and ends with 2', async () => {
  const {exitCode, out, error} = await run('explain', 'BINLOG_PRUGED')
  assert.equal(exitCode, 2)
  assert.equal(out, '')
  assert.equal(
    error,
    'tidemark: there is no error code TIDEMARK_BINLOG_PRUGED; the nearest is TIDEMARK_BINLOG_PURGED (TIDEMARK_EXPLAIN_UNKNOWN)\n',
  )
})
