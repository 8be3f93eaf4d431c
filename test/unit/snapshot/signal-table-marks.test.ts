import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {SignalTableMarks} from '../../../src/snapshot/signal-table-marks.ts'
import {watermarksContract} from '../../contract/watermarks-contract.ts'
import {onCleanUp} from '../../support/clean-up.ts'
import type {CleanUpContext} from '../../support/clean-up.ts'
import {settled} from '../../support/stream-parts.ts'

type Strategy = 'insert_insert' | 'insert_delete'

interface Statement {
  readonly sql: string
  readonly values: readonly string[]
  /** The server's answer. `executed`: whether the statement took effect although it failed. */
  ok(): void
  fail(error: Error, executed: boolean): void
}

class LostError extends Error {}

/** A signal table: its rows and its binlog. Statements wait for the test. */
class Server {
  readonly rows = new Set<string>()
  readonly binlog: {operation: 'c' | 'd'; id: string}[] = []
  readonly statements: Statement[] = []
  readonly ran: string[] = []

  readonly execute = (sql: string, values: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      this.statements.push({
        sql,
        values,
        ok: () => {
          this.#apply(sql, values)
          resolve()
        },
        fail: (error, executed) => {
          if (executed) this.#apply(sql, values)
          reject(error)
        },
      })
    })

  #apply(sql: string, values: readonly string[]): void {
    const [id] = values
    this.ran.push(sql.split(' ', 1)[0]!)
    if (sql.startsWith('INSERT')) {
      assert.ok(!this.rows.has(id!), 'a primary key twice')
      assert.ok(id!.length <= 36, `id ${id} is longer than VARCHAR(36)`)
      assert.ok(values[1]!.length <= 32, `type ${values[1]} is longer than VARCHAR(32)`)
      JSON.parse(values[2]!)
      this.rows.add(id!)
      this.binlog.push({operation: 'c', id: id!})
    } else {
      assert.ok(this.rows.delete(id!), 'deletes only what is there')
      this.binlog.push({operation: 'd', id: id!})
    }
  }
}

interface Running {
  readonly marks: SignalTableMarks
  readonly server: Server
  readonly stop: AbortController
  readonly ended: Promise<void>
  readonly delays: number[]
}

function start(t: CleanUpContext | null, strategy: Strategy, {spacingMs = 0} = {}): Running {
  const server = new Server()
  const stop = new AbortController()
  const delays: number[] = []
  const marks = new SignalTableMarks({
    signalTable: {database: 'd', table: 'sig`nal'},
    strategy,
    execute: server.execute,
    isRetryable: error => error instanceof LostError,
    delay: ms => {
      delays.push(ms)
      return Promise.resolve()
    },
    onProblem: () => undefined,
    runId: '0123abcd',
    spacingMs,
  })
  const ended = marks.run(stop.signal)
  const abort = async (): Promise<void> => {
    stop.abort(new Error('stopped'))
    server.statements.shift()?.fail(new LostError('closed'), false)
    await ended.catch(() => undefined)
  }
  if (t !== null) onCleanUp(t, abort)
  return {marks, server, stop, ended, delays}
}

/** Waits for a statement; marks that nobody saw are seen now, so that nothing waits for its pace. */
async function statement({marks, server}: Running): Promise<Statement> {
  marks.seen(marks.committed + 1_000)
  for (let i = 0; i < 100 && server.statements.length === 0; i++) await settled()
  const next = server.statements.shift()
  assert.ok(next, 'a statement is on its way')
  return next
}

for (const strategy of ['insert_insert', 'insert_delete'] as const) {
  watermarksContract(`signal table, ${strategy}`, t => {
    const running = start(t, strategy)
    let current: Statement | null = null
    return Promise.resolve({
      marks: running.marks,
      issue: async () => {
        current = await statement(running)
      },
      commit: async () => {
        current!.ok()
        await settled()
      },
    })
  })

  test(`${strategy}: whatever statements fail, a mark seen was issued behind every chunk that waits for it`, async () => {
    const outcomes = fc.array(fc.constantFrom('ok', 'ok', 'lost', 'lost but executed'), {minLength: 1, maxLength: 25})
    await fc.assert(
      fc.asyncProperty(outcomes, fc.array(fc.boolean(), {minLength: 25, maxLength: 25}), async (list, during) => {
        const running = start(null, strategy)
        const {marks, server} = running
        /** Chunks: how long the binlog was when they had been read, and the mark that they wait for. */
        const chunks: {at: number; high: number}[] = []
        const wait = (): void => {
          chunks.push({at: server.binlog.length, high: marks.request()})
        }
        for (const [i, outcome] of list.entries()) {
          wait()
          const next = await statement(running)
          if (during[i] === true) wait()
          if (outcome === 'ok') next.ok()
          else next.fail(new LostError('gone'), outcome !== 'lost')
          await settled()
          const isThere = server.binlog.some(({operation, id}) => marks.markOf(operation, id) === marks.committed)
          assert.ok(isThere || marks.committed === 0, 'only a mark that was executed counts as committed')
        }
        for (const [at, {operation, id}] of server.binlog.entries()) {
          const number = marks.markOf(operation, id)
          assert.notEqual(number, null)
          for (const chunk of chunks) {
            if (chunk.high <= number!)
              assert.ok(at >= chunk.at, `mark ${number} closes a window before its chunk was read`)
          }
        }
        running.stop.abort(new Error('stopped'))
        server.statements.shift()?.fail(new LostError('closed'), false)
        await running.ended
      }),
      {numRuns: 200},
    )
  })

  test(`${strategy}: after any failure the next request is committed in the end`, async t => {
    const running = start(t, strategy)
    const {marks} = running
    for (const executed of [false, true, false]) {
      marks.request()
      ;(await statement(running)).fail(new LostError('gone'), executed)
    }
    const number = marks.request()
    assert.match(marks.problem ?? '', /gone/)
    while (marks.committed < number) {
      ;(await statement(running)).ok()
      await settled()
    }
    assert.equal(marks.problem, null)
    assert.deepEqual(running.delays, [100, 200, 400])
  })
}

test('insert_delete leaves the table with at most one row, insert_insert never deletes', async t => {
  for (const strategy of ['insert_insert', 'insert_delete'] as const) {
    const running = start(t, strategy)
    for (let i = 0; i < 6; i++) {
      running.marks.request()
      ;(await statement(running)).ok()
      await settled()
      if (strategy === 'insert_delete') assert.ok(running.server.rows.size <= 1)
    }
    assert.equal(running.server.rows.size, strategy === 'insert_delete' ? 0 : 6)
    assert.equal(running.server.ran.includes('DELETE'), strategy === 'insert_delete')
  }
})

test('insert_delete never deletes a row of which it does not know that it inserted it', async t => {
  const running = start(t, 'insert_delete')
  running.marks.request()
  ;(await statement(running)).fail(new LostError('gone'), false)
  running.marks.request()
  const next = await statement(running)
  assert.match(next.sql, /^INSERT/)
  next.ok()
})

test('the rows have a window type, and the times that Debezium gives them', async t => {
  const running = start(t, 'insert_insert')
  const rows: unknown[] = []
  for (let i = 0; i < 2; i++) {
    running.marks.request()
    const next = await statement(running)
    const [id, type, data] = next.values
    rows.push([next.sql, id, type, Object.keys(JSON.parse(data!) as object)])
    next.ok()
    await settled()
  }
  const sql = 'INSERT INTO `d`.`sig``nal` VALUES (?, ?, ?)'
  assert.deepEqual(rows, [
    [sql, 'tidemark-0123abcd-1', 'snapshot-window-open', ['openWindowTimestamp']],
    [sql, 'tidemark-0123abcd-2', 'snapshot-window-close', ['closeWindowTimestamp']],
  ])
})

test('marks keep their distance, except where one is wanted promptly', async t => {
  const running = start(t, 'insert_insert', {spacingMs: 60_000})
  const {marks, server} = running
  marks.request()
  ;(await statement(running)).ok()
  const number = marks.request()
  await settled()
  assert.equal(server.statements.length, 0, 'the second waits for the distance')
  assert.equal(marks.request(true), number, 'it is the same mark that is wanted promptly')
  ;(await statement(running)).ok()
  await settled()
  assert.equal(marks.committed, number)
  marks.request()
  await settled()
  assert.equal(server.statements.length, 0, 'and the next one waits again')
})

test('an error that only an operator can mend ends the marks', async t => {
  const running = start(t, 'insert_insert')
  running.marks.request()
  ;(await statement(running)).fail(new Error('INSERT command denied'), false)
  await assert.rejects(running.ended, /denied/)
})

test('only rows of this run are marks; a deleted row is one with insert_delete alone', () => {
  const run = (strategy: Strategy): SignalTableMarks => start(null, strategy).marks
  for (const strategy of ['insert_insert', 'insert_delete'] as const) {
    const marks = run(strategy)
    assert.equal(marks.markOf('c', 'tidemark-0123abcd-7'), 7)
    for (const id of [
      'tidemark-ffffffff-7',
      'tidemark-0123abcd-x',
      'other',
      '',
      'tidemark-0123abcd',
      'tidemark-0123abcd-',
    ]) {
      assert.equal(marks.markOf('c', id), null, id)
    }
  }
  assert.equal(run('insert_insert').markOf('d', 'tidemark-0123abcd-7'), null)
  assert.equal(run('insert_delete').markOf('d', 'tidemark-0123abcd-7'), 8)
})

test('each run has an id of its own, of eight hexadecimal digits', () => {
  const options = {
    signalTable: {database: 'd', table: 's'},
    strategy: 'insert_insert',
    execute: () => Promise.resolve(),
    isRetryable: () => false,
    delay: () => Promise.resolve(),
    onProblem: () => undefined,
  } as const
  const [a, b] = [new SignalTableMarks(options), new SignalTableMarks(options)]
  assert.match(a.runId, /^[0-9a-f]{8}$/)
  assert.notEqual(a.runId, b.runId)
})

test('the largest number that marks can have still fits into an id of 36 characters', () => {
  assert.ok(`tidemark-0123abcd-${2 ** 31}`.length <= 36)
})

test('a stream that never shows the mark before does not hold up the next one for ever', async t => {
  const {marks, server} = start(t, 'insert_insert')
  const signal = AbortSignal.timeout(30_000)
  for (let i = 1; i <= 2; i++) {
    const number = marks.request()
    while (server.statements.length === 0) await settled()
    server.statements.shift()!.ok()
    await marks.whenCommitted(number, signal)
  }
})

test('marks end with the signal, whatever they wait for', async () => {
  const idle = start(null, 'insert_insert')
  idle.stop.abort()
  await idle.ended
  const writing = start(null, 'insert_insert')
  writing.marks.request()
  await settled()
  writing.stop.abort()
  writing.server.statements.shift()!.fail(new Error('closed by us'), false)
  await writing.ended
})
