import assert from 'node:assert/strict'
import {test} from 'node:test'
import {Ajv} from 'ajv'
import fc from 'fast-check'
import {checkpointSchema, decodeCheckpoint, encodeCheckpoint} from '../../../src/state/checkpoint.ts'
import type {Checkpoint} from '../../../src/state/checkpoint.ts'
import type {SnapshotPlan, TablePlan} from '../../../src/snapshot/snapshot-plan.ts'

const text = fc.string({unit: 'binary', maxLength: 12})
const whole = fc.nat()
const values = fc.array(text, {maxLength: 3})

const tablePlan = fc.record<TablePlan>({
  table: fc.record({database: text, table: text}),
  condition: fc.option(text),
  surrogateKey: fc.option(values),
  state: fc.constantFrom('waiting', 'running', 'done', 'stopped', 'failed'),
  ranges: fc.option(fc.array(fc.record({after: fc.option(values), upTo: values, done: fc.boolean()}), {maxLength: 3})),
  keyColumns: fc.option(values),
  rowsEstimated: whole,
  rowsDone: whole,
  superseded: whole,
  chunksDone: whole,
  startedAtMs: fc.option(whole),
  error: fc.option(text),
})

const snapshotPlan = fc.record<SnapshotPlan>({
  id: text,
  kind: fc.constantFrom('incremental', 'initial'),
  state: fc.constantFrom('queued', 'running', 'completed', 'stopped', 'failed'),
  tables: fc.array(tablePlan, {maxLength: 3}),
  firstRowSent: fc.boolean(),
})

const parallelPlan = fc
  .record({plan: snapshotPlan, table: tablePlan})
  .map(({plan, table}) => ({...plan, isBlocking: true as const, tables: [{...table, reader: 'parallel' as const}]}))

const checkpoints = fc.record<Checkpoint>({
  connector: text,
  serverUuid: text,
  offset: fc.record({file: text, pos: whole, gtidSet: fc.option(text), rows: whole, sid: text, gno: whole}),
  snapshots: fc.array(fc.oneof(snapshotPlan, parallelPlan), {maxLength: 3}),
  initialSnapshotQueued: fc.boolean(),
  signals: fc.record({
    pending: fc.array(
      fc.record({id: text, type: text, data: fc.option(text), channel: fc.constant('source'), occurrence: text}),
      {maxLength: 2},
    ),
    occurrences: fc.array(fc.record({key: text, file: text, pos: whole}), {maxLength: 2}),
  }),
  diverged: fc.array(fc.record({table: text, since: text, reason: text, atMs: whole}), {maxLength: 2}),
  knownTables: values,
  prepared: fc.array(fc.record({xid: text, sid: text, gno: whole, file: text, pos: whole}), {maxLength: 2}),
  notifications: fc.array(
    fc.record({
      id: text,
      type: text,
      aggregate_type: text,
      additional_data: fc.dictionary(fc.stringMatching(/^[a-z_]{1,9}$/), text, {noNullPrototype: true}),
      timestamp: whole,
    }),
    {maxLength: 2},
  ),
  schemas: fc.array(
    fc.record({
      table: fc.record({database: text, table: text}),
      versions: fc.array(
        fc.record({
          since: fc.option(text),
          shape: fc.option(
            fc.record({
              columns: fc.array(
                fc.record(
                  {name: text, type: fc.constant('enum' as const), nullable: fc.boolean(), labels: values},
                  {requiredKeys: ['name', 'type']},
                ),
                {maxLength: 2},
              ),
              primaryKey: fc.array(whole, {maxLength: 2}),
            }),
          ),
        }),
        {minLength: 1, maxLength: 2},
      ),
    }),
    {maxLength: 2},
  ),
})

const EXAMPLE: Checkpoint = {
  connector: 'shop',
  serverUuid: 'u',
  offset: {file: 'b.000001', pos: 4, gtidSet: null, rows: 0, sid: '', gno: 0},
  snapshots: [],
  initialSnapshotQueued: true,
  signals: {pending: [], occurrences: []},
  diverged: [],
  knownTables: [],
}

test('what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(checkpoints, checkpoint => {
      assert.deepEqual(decodeCheckpoint(encodeCheckpoint(checkpoint), 'shop.state'), structuredClone(checkpoint))
    }),
  )
})

test('every beginning of a checkpoint that was cut short is refused', () => {
  fc.assert(
    fc.property(checkpoints, checkpoint => {
      const stored = encodeCheckpoint(checkpoint)
      for (let length = 0; length < stored.length; length++) {
        assert.throws(() => decodeCheckpoint(stored.slice(0, length), 'shop.state'), {code: 'TIDEMARK_STATE_FORMAT'})
      }
    }),
    {numRuns: 10},
  )
})

test('the format of version 1 stays readable', () => {
  const stored = `{"format":"tidemark-checkpoint","version":1,"connector":"shop","serverUuid":"u",
    "offset":{"file":"b.000007","pos":120,"gtidSet":"a:1-5","rows":3,"sid":"a","gno":6},
    "snapshots":[{"id":"s","kind":"incremental","state":"running","firstRowSent":false,"tables":[
      {"table":{"database":"d","table":"t"},"condition":null,"surrogateKey":null,"state":"running",
       "ranges":[{"after":["5"],"upTo":["9"],"done":false}],"keyColumns":["id"],"rowsEstimated":9,"rowsDone":5,
       "superseded":1,"chunksDone":2,"startedAtMs":1700000000000,"error":null}]}],
    "initialSnapshotQueued":false,
    "signals":{"pending":[{"id":"i","type":"log","data":null,"channel":"source","occurrence":"a:6#0"}],
               "occurrences":[{"key":"a:6#0","file":"b.000007","pos":120}]},
    "diverged":[{"table":"d.t","since":"b.000006:4","reason":"TRUNCATE","atMs":1700000000000}],
    "knownTables":["d.t"]}`
  const checkpoint = decodeCheckpoint(stored, 'shop.state')
  assert.deepEqual(checkpoint.snapshots[0]!.tables[0]!.ranges, [{after: ['5'], upTo: ['9'], done: false}])
  assert.equal(checkpoint.offset.rows, 3)
})

const FOREIGN: readonly (readonly [string, string])[] = [
  ['a list', '[]'],
  ['null', 'null'],
  ['a number', '5'],
  ['another format', '{"format":"other","version":1}'],
  ['no format', '{}'],
  ['no version', '{"format":"tidemark-checkpoint"}'],
  ['a version that is a text', '{"format":"tidemark-checkpoint","version":"1"}'],
  ['nothing else', '{"format":"tidemark-checkpoint","version":1}'],
]
for (const [what, stored] of FOREIGN) {
  test(`a state with ${what} is refused with its place and what to do`, () => {
    assert.throws(() => decodeCheckpoint(stored, 'shop.state'), {
      code: 'TIDEMARK_STATE_FORMAT',
      message: /shop\.state .*move it away/,
    })
  })
}

test('the state of a newer Tidemark is refused as such', () => {
  const stored = JSON.stringify({...(JSON.parse(encodeCheckpoint(EXAMPLE)) as object), version: 2})
  assert.throws(() => decodeCheckpoint(stored, 'shop.state'), {
    code: 'TIDEMARK_STATE_NEWER',
    message: /newer Tidemark \(format 2, this one knows up to 1\)/,
  })
})

const TABLE = {
  table: {database: 'd', table: 't'},
  condition: null,
  surrogateKey: null,
  state: 'running',
  ranges: [{after: null, upTo: ['9'], done: false}],
  keyColumns: ['id'],
  rowsEstimated: 1,
  rowsDone: 0,
  superseded: 0,
  chunksDone: 0,
  startedAtMs: null,
  error: null,
}

function withTable(change: object): object {
  const snapshot = {id: 's', kind: 'incremental', state: 'running', firstRowSent: false}
  return {...EXAMPLE, snapshots: [{...snapshot, tables: [{...TABLE, ...change}]}]}
}

const DAMAGES: readonly (readonly [string, object])[] = [
  ['an offset without a file', {...EXAMPLE, offset: {...EXAMPLE.offset, file: undefined}}],
  ['a negative position', {...EXAMPLE, offset: {...EXAMPLE.offset, pos: -1}}],
  ['a broken number of rows', {...EXAMPLE, offset: {...EXAMPLE.offset, rows: 1.5}}],
  ['snapshots that are no list', {...EXAMPLE, snapshots: {}}],
  [
    'an unknown state of a snapshot',
    {...EXAMPLE, snapshots: [{id: 's', kind: 'initial', state: 'odd', tables: [], firstRowSent: false}]},
  ],
  ['an unknown state of a table', withTable({state: 'odd'})],
  ['a table without a name', withTable({table: {database: 'd'}})],
  ['a name that is a number', withTable({table: {database: 'd', table: 5}})],
  ['a key that is a number', withTable({ranges: [{after: [5], upTo: ['9'], done: false}]})],
  ['a range without an end', withTable({ranges: [{after: null, done: false}]})],
  ['a condition that is a number', withTable({condition: 5})],
  ['a surrogate key that is a text', withTable({surrogateKey: 'id'})],
  ['a count that is a text', withTable({chunksDone: '5'})],
  ['no count of superseded rows', withTable({superseded: undefined})],
  ['signals without a list', {...EXAMPLE, signals: {occurrences: []}}],
  ['a pending signal without a type', {...EXAMPLE, signals: {pending: [{id: 'i'}], occurrences: []}}],
  ['an occurrence without a place', {...EXAMPLE, signals: {pending: [], occurrences: [{key: 'k'}]}}],
  ['a divergence without a time', {...EXAMPLE, diverged: [{table: 'd.t', since: 'x', reason: 'y'}]}],
]
test('the undamaged examples are read', () => {
  for (const whole of [EXAMPLE, withTable({})]) decodeCheckpoint(encodeCheckpoint(whole as Checkpoint), 'shop.state')
})

for (const [what, damaged] of DAMAGES) {
  test(`a state with ${what} is refused as damaged`, () => {
    assert.throws(() => decodeCheckpoint(encodeCheckpoint(damaged as Checkpoint), 'shop.state'), {
      code: 'TIDEMARK_STATE_FORMAT',
      message: /shop\.state is damaged at /,
    })
  })
}

test('the schema of checkpoints is a JSON schema, which no start checks again', () => {
  assert.equal(new Ajv({allowUnionTypes: true}).validateSchema(checkpointSchema, true), true)
})
