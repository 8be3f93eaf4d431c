import assert from 'node:assert/strict'
import {test} from 'node:test'
import {loadKeys, problemsOf} from '../../support/config-file.ts'

const BOOLEAN = 'io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter'
const SINK = 'io.debezium.connector.mysql.converters.JdbcSinkDataTypesConverter'

test("Debezium's converters are rules in the order of `converters`", async t => {
  const {settings, warnings} = await loadKeys(t, {
    converters: 'b, s',
    's.type': SINK,
    's.selector.real': 'a\\.b\\.c,a\\.b\\.d',
    's.selector.string': '.*',
    's.treat.real.as.double': 'false',
    'b.type': BOOLEAN,
    'b.length.checker': 'false',
    'b.selector': '.*\\.is_.*',
  })
  assert.deepEqual(warnings, [])
  assert.deepEqual(
    settings.events.converters.map(({converter, conversion, columns, tinyInt}) => [
      ...[converter, conversion, columns?.length, tinyInt],
    ]),
    [
      ['b', 'boolean', 1, 'any'],
      ['s', 'float', 2, null],
      ['s', 'text', 1, null],
    ],
  )
})

test('without options TINYINT(1) alone is converted, wherever it is', async t => {
  const {settings} = await loadKeys(t, {converters: 'b', 'b.type': BOOLEAN})
  assert.deepEqual(settings.events.converters, [{converter: 'b', conversion: 'boolean', columns: null, tinyInt: '1'}])
})

for (const [keys, wanted] of [
  [
    {converters: 'x', 'x.type': 'com.example.Iso'},
    /x\.type: com\.example\.Iso is not supported; use .*TinyIntOne.* or /,
  ],
  [{converters: 'sink', 'sink.type': 'stdout'}, /converters: sink\.type is an option already; give this converter/],
  [{converters: 'x'}, /x\.type: it is missing/],
  [
    {converters: 'x', 'x.type': BOOLEAN, 'x.selektor': 'a'},
    /x\.selektor: there is no such option; wanted one of type, /,
  ],
  [{converters: 'x', 'x.type': BOOLEAN, 'x.selector': '('}, /x\.selector: "\(" cannot be used as a regular expression/],
  [
    {converters: 'x', 'x.type': BOOLEAN, 'x.length.checker': '1'},
    /x\.length\.checker: found "1", wanted true or false/,
  ],
] as const) {
  test(`refused by name: ${JSON.stringify(keys)}`, async t => {
    const problems = await problemsOf(loadKeys(t, keys))
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, wanted)
  })
}

test('a NULL is never shown as a default: `true` is refused with what it would do', async t => {
  const key = 'value.converter.replace.null.with.default'
  const problems = await problemsOf(loadKeys(t, {[key]: 'true'}))
  assert.match(problems[0]!, /true is not supported yet; it would show a NULL as the column’s default; set it to false/)
  await loadKeys(t, {[key]: 'false'})
})
