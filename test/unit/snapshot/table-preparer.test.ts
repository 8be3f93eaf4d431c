import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {PlanningSource, ResetTopic} from '../../../src/snapshot/prepared-table.ts'
import {TablePreparer} from '../../../src/snapshot/table-preparer.ts'
import {TableRun} from '../../../src/snapshot/table-run.ts'
import {ModelMarks} from '../../property/model-task.ts'
import {description, fingerprint, plan} from '../../support/snapshot-parts.ts'
import {settled} from '../../support/stream-parts.ts'

class Preparation {
  readonly marks = new ModelMarks()
  readonly stop = new AbortController()
  readonly prepared: string[] = []
  readonly failed: string[] = []
  readonly asked: string[] = []
  rowsEstimated = 1_000
  opening: () => Promise<void> = () => Promise.resolve()
  resetTopic: ResetTopic = () => null
  planning: Partial<PlanningSource> = {}
  readonly #preparer: TablePreparer

  constructor({lanes = 1, chunkRows = 10}: {lanes?: number; chunkRows?: number} = {}) {
    this.#preparer = new TablePreparer({
      watermarks: this.marks,
      planning: {
        describe: (table, surrogateKey) => {
          this.asked.push(`describe ${table.table}`)
          return (
            this.planning.describe?.(table, surrogateKey) ??
            Promise.resolve(description(table.table, {rowsEstimated: this.rowsEstimated}))
          )
        },
        maximumKey: (table, ...rest) => {
          this.asked.push(`maximum ${table.table}`)
          return this.planning.maximumKey?.(table, ...rest) ?? Promise.resolve(['99'])
        },
        boundaries: (described, table, parts) => {
          this.asked.push(`cut ${table.table} into ${parts}`)
          return this.planning.boundaries?.(described, table, parts) ?? Promise.resolve([['33'], ['66']])
        },
        sizes: () => assert.fail('not asked for here'),
      },
      resetTopic: (plan, target) => this.resetTopic(plan, target),
      openTarget: async ({shape}) => {
        await this.opening()
        return {shape}
      },
      chunkRows,
      lanes,
      signal: this.stop.signal,
    })
  }

  async prepare(runs: readonly TableRun[]): Promise<void> {
    this.#preparer.prepare(runs, {
      prepared: run => this.prepared.push(run.text),
      failed: (run, error) => this.failed.push(`${run.text}: ${(error as Error).message}`),
    })
    for (let i = 0; i < 4; i++) await settled()
  }
}

function runOf(table: string, needsMark = 0): TableRun {
  const snapshot = plan([table])
  return new TableRun({plan: snapshot.tables[0]!, snapshot, needsMark, ordinal: 0})
}

test('a prepared table has its shape, keys, target, one range up to its maximum key, and an estimate', async () => {
  const p = new Preparation()
  const run = runOf('t')
  await p.prepare([run])
  assert.deepEqual(p.prepared, ['d.t'])
  assert.equal(run.prepared!.fingerprint, fingerprint('t'))
  assert.deepEqual(run.plan.ranges, [{after: null, upTo: ['99'], done: false}])
  assert.deepEqual([run.plan.keyColumns, run.plan.rowsEstimated], [['id'], 1_000])
  assert.equal(run.ranges.length, 1)
})

test('nothing is asked before the mark that the table needs is committed', async () => {
  const p = new Preparation()
  p.marks.issued = 1
  await p.prepare([runOf('t', 1)])
  assert.deepEqual(p.asked, [])
  p.marks.commit(1)
  await p.prepare([])
  assert.deepEqual(p.asked, ['describe t', 'maximum t'])
})

test('a table without rows has no ranges', async () => {
  const p = new Preparation()
  p.planning.maximumKey = () => Promise.resolve(null)
  const run = runOf('t')
  await p.prepare([run])
  assert.deepEqual(run.plan.ranges, [])
})

test('with several lanes a large table is cut into ranges that follow one another without gap', async () => {
  const p = new Preparation({lanes: 2})
  const run = runOf('t')
  await p.prepare([run])
  assert.ok(p.asked.includes('cut t into 8'))
  assert.deepEqual(run.plan.ranges, [
    {after: null, upTo: ['33'], done: false},
    {after: ['33'], upTo: ['66'], done: false},
    {after: ['66'], upTo: ['99'], done: false},
  ])
})

test('a small table is not cut, nor is any for one lane', async () => {
  const small = new Preparation({lanes: 2})
  small.rowsEstimated = 79
  await small.prepare([runOf('t')])
  const single = new Preparation()
  single.rowsEstimated = 1_000_000
  await single.prepare([runOf('t')])
  for (const {asked} of [small, single]) assert.ok(!asked.some(question => question.startsWith('cut')))
})

test('a table with stored ranges keeps them while its key is the same', async () => {
  const p = new Preparation()
  const run = runOf('t')
  run.plan.ranges = [{after: ['5'], upTo: ['7'], done: false}]
  run.plan.keyColumns = ['id']
  await p.prepare([run])
  assert.deepEqual(p.asked, ['describe t'])
  assert.deepEqual(run.ranges[0]!.readAfter, ['5'])
})

test('tables are prepared ahead in groups, since many at once cost little more: never all, and again once few are left', async () => {
  const p = new Preparation()
  const runs = Array.from({length: 200}, (_, i) => runOf(`t${i}`))
  const read = (from: number, to: number): void => {
    for (const run of runs.slice(from, to)) for (const range of run.ranges) range.readToEnd = true
  }
  await p.prepare(runs)
  const group = p.prepared.length
  assert.ok(group >= 20 && group < 100, `${group} tables`)
  await p.prepare(runs)
  assert.equal(p.prepared.length, group)
  read(0, 1)
  await p.prepare(runs)
  assert.equal(p.prepared.length, group, 'one that has been read does not call for a single next')
  read(0, group - 2)
  await p.prepare(runs)
  assert.equal(p.prepared.length, group - 2 + group, 'when few are left, the next group follows')
})

test('a table whose definition changed is prepared again at once, however many are ready behind it', async () => {
  const p = new Preparation()
  const runs = Array.from({length: 200}, (_, i) => runOf(`t${i}`))
  await p.prepare(runs)
  runs[0]!.prepareAgain(0)
  await p.prepare(runs)
  assert.equal(p.prepared.at(-1), 'd.t0')
})

test('the same table of a later snapshot waits for the earlier one, the tables behind it do not', async () => {
  const p = new Preparation()
  const [first, second, other] = [runOf('t'), runOf('t'), runOf('u')]
  await p.prepare([first, second, other])
  assert.deepEqual(p.prepared, ['d.t', 'd.u'])
  await p.prepare([second, other])
  assert.deepEqual(p.prepared, ['d.t', 'd.u', 'd.t'])
})

test('a table is not prepared a second time while it is being prepared, read or backing off', async () => {
  const p = new Preparation()
  const run = runOf('t')
  let answer = (): void => undefined
  p.opening = () => new Promise(resolve => (answer = resolve))
  await p.prepare([run])
  await p.prepare([run])
  assert.equal(p.asked.filter(question => question === 'describe t').length, 1)
  answer()
  await p.prepare([])
  p.opening = () => Promise.resolve()
  run.prepared = null
  run.ranges[0]!.jobId = 5
  await p.prepare([run])
  run.ranges[0]!.jobId = null
  run.notBefore = Infinity
  await p.prepare([run])
  assert.equal(p.prepared.length, 1)
  run.notBefore = 0
  await p.prepare([run])
  assert.equal(p.prepared.length, 2)
})

test('what fails is told, and tried again with the next call', async () => {
  const p = new Preparation()
  const run = runOf('t')
  p.opening = () => Promise.reject(new Error('no such topic'))
  await p.prepare([run])
  assert.deepEqual(p.failed, ['d.t: no such topic'])
  p.opening = () => Promise.resolve()
  await p.prepare([run])
  assert.deepEqual(p.prepared, ['d.t'])
})

test('what fails because the task stops is not told', async () => {
  const p = new Preparation()
  const run = runOf('t', 1)
  await p.prepare([run])
  p.stop.abort(new Error('stopped'))
  await p.prepare([])
  assert.deepEqual([p.failed, p.prepared, run.prepared], [[], [], null])
})

test('I1: what is read of a table whose topic was reset lies behind a mark that was asked for when that was acknowledged', async () => {
  const p = new Preparation()
  const run = runOf('t')
  let acknowledge = (): void => undefined
  let resets = 0
  p.resetTopic = () => (resets++ > 0 ? null : new Promise(resolve => (acknowledge = resolve)))
  await p.prepare([run])
  assert.deepEqual(
    [p.asked, run.plan.ranges],
    [['describe t'], null],
    'nothing is read before the reset is acknowledged',
  )
  p.marks.issued = 5
  acknowledge()
  await p.prepare([])
  assert.ok(run.needsMark > 5)
  assert.deepEqual(p.asked, ['describe t'])
  p.marks.commit(run.needsMark)
  await p.prepare([])
  assert.deepEqual(p.asked, ['describe t', 'describe t', 'maximum t'])
  assert.deepEqual(p.prepared, ['d.t'])
})

test('a copy that goes on where it was is not begun with a reset, one that begins anew for another key is', async () => {
  const p = new Preparation()
  let resets = 0
  p.resetTopic = () => {
    resets++
    return null
  }
  const run = runOf('t')
  run.plan.ranges = [{after: ['5'], upTo: ['7'], done: false}]
  run.plan.keyColumns = ['id']
  await p.prepare([run])
  assert.equal(resets, 0)
  p.planning.describe = table => Promise.resolve(description(table.table, {keyColumn: 'other'}))
  run.prepareAgain(0)
  await p.prepare([run])
  assert.equal(resets, 1)
})
