import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {loadKeys, loadText, problemsOf, REQUIRED_KEYS} from '../../support/config-file.ts'

test('a configuration with the required keys alone has the defaults of the contract', async t => {
  const {settings, warnings} = await loadKeys(t)
  assert.deepEqual(warnings, [])
  assert.equal(settings.name, 'shop')
  assert.equal(settings.database.port, 3306)
  assert.equal(settings.database.tls.mode, 'preferred')
  assert.equal(settings.snapshot.chunkRows, 2048)
  assert.equal(settings.snapshot.watermarking, 'insert_insert')
  assert.equal(settings.snapshot.memoryBytes, 64 * 1024 * 1024)
  assert.equal(settings.stream.memoryBytes, 16 * 1024 * 1024)
  assert.deepEqual(settings.sink, {type: 'stdout'})
  assert.deepEqual(settings.state, {type: 'file', path: 'shop.state'})
  assert.deepEqual(settings.http, {host: '127.0.0.1', port: 8083, token: null})
  assert.deepEqual([...settings.events.skippedOperations], ['t'])
  assert.equal(settings.events.tombstonesOnDelete, true)
  assert.equal(settings.filters.tableInclude, null)
  assert.equal(settings.filters.ignoreBuiltin, true)
})

test('the shape that one POSTs to Kafka Connect gives the name and Connect’s frame', async t => {
  const body = {
    name: 'orders',
    config: {...REQUIRED_KEYS, 'connector.class': 'io.debezium.connector.mysql.MySqlConnector'},
  }
  const {settings, notes} = await loadText(t, JSON.stringify(body))
  assert.equal(settings.name, 'orders')
  assert.deepEqual(settings.state, {type: 'file', path: 'orders.state'})
  assert.equal(settings.events.keySchemasEnabled, true)
  assert.equal(settings.events.valueSchemasEnabled, true)
  assert.ok(notes.some(note => note.includes('value.converter.schemas.enable is true')))
})

test('a configuration of Connect’s without brokers is warned of, unless its sink was chosen', async t => {
  const connect = {'connector.class': 'io.debezium.connector.mysql.MySqlConnector', 'tasks.max': '1'}
  const {warnings, ignored} = await loadKeys(t, connect)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /^bootstrap\.servers, .* is not set: events go to standard output/)
  assert.deepEqual(
    ignored.map(note => note.split(' ')[0]),
    ['tasks.max'],
  )
  assert.deepEqual((await loadKeys(t, {...connect, 'sink.type': 'stdout'})).warnings, [])
  assert.deepEqual((await loadKeys(t, {...connect, 'bootstrap.servers': 'broker:9092'})).warnings, [])
})

test('without connector.class there is no schema frame, and schemas.enable wins over both', async t => {
  assert.equal((await loadKeys(t)).settings.events.valueSchemasEnabled, false)
  const {settings} = await loadKeys(t, {
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'value.converter.schemas.enable': 'FALSE',
  })
  assert.equal(settings.events.keySchemasEnabled, true)
  assert.equal(settings.events.valueSchemasEnabled, false)
})

test('texts of a .properties file become numbers, booleans and lists', async t => {
  const text = [
    '# a comment',
    'topic.prefix=shop',
    'database.hostname : db.example',
    'database.user tidemark',
    'database.server.id=4711',
    'snapshot.mode=NO_DATA',
    'tombstones.on.delete=False',
    'table.include.list=shop\\\\.a,\\',
    '   shop\\\\.b',
  ].join('\n')
  const {settings} = await loadText(t, text, {name: 'shop.properties'})
  assert.equal(settings.database.serverId, 4711)
  assert.equal(settings.events.tombstonesOnDelete, false)
  assert.equal(settings.snapshot.mode, 'no_data')
  assert.deepEqual(
    settings.filters.tableInclude?.map(pattern => pattern.test('SHOP.B')),
    [false, true],
  )
})

test('all problems are told at once, each with its key, also beside one another', async t => {
  const problems = await problemsOf(
    loadKeys(t, {
      'topic.prefix': 'sh op',
      'database.hostname': null,
      'database.port': 'many',
      'snapshot.max.threads': 0,
      'tombstones.on.delete': 'perhaps',
      'table.include.list': '(?>x)',
      'table.exclude.list': 'y',
      'notification.enabled.channels': 'log, Sink',
      'http.listen': '0.0.0.0:8083',
    }),
  )
  const keys = problems.map(problem => problem.slice(0, problem.indexOf(':'))).sort()
  assert.deepEqual(keys, [
    'database.hostname',
    'database.port',
    'http.token',
    'notification.sink.topic.name',
    'snapshot.max.threads',
    'table.exclude.list',
    'table.include.list',
    'tombstones.on.delete',
    'topic.prefix',
  ])
  assert.ok(problems.includes('database.port: found "many", wanted a whole number from 1 to 65535'))
})

test('the channel sink has a topic, whose name Kafka takes; a topic without the channel is noted', async t => {
  const {settings} = await loadKeys(t, {
    'notification.enabled.channels': 'LOG,sink',
    'notification.sink.topic.name': 'shop.notes',
  })
  assert.deepEqual(settings.notifications, {
    channels: ['log', 'sink'],
    sinkTopic: 'shop.notes',
    filePath: '',
    webhooks: [],
  })
  assert.deepEqual((await loadKeys(t)).settings.notifications, {
    channels: [],
    sinkTopic: '',
    filePath: '',
    webhooks: [],
  })
  const wrong = await problemsOf(loadKeys(t, {'notification.sink.topic.name': 'shop notes'}))
  assert.match(wrong[0]!, /^notification.sink.topic.name: found "shop notes", wanted letters/)
  const {notes} = await loadKeys(t, {'notification.sink.topic.name': 'shop.notes'})
  assert.ok(notes.some(note => note.startsWith('notification.sink.topic.name has no effect')))
})

test('an unknown key is a warning that names the nearest known one', async t => {
  const {warnings} = await loadKeys(t, {'table.includes.list': 'x', 'something.else.entirely': 'x'})
  assert.deepEqual(warnings, [
    'table.includes.list is not a known key and is ignored; did you mean table.include.list?',
    'something.else.entirely is not a known key and is ignored',
  ])
})

const NOT_YET: readonly (readonly [string, string])[] = [
  ['time.precision.mode', 'structured'],
  ['snapshot.mode', 'recovery'],
  ['snapshot.mode', 'configuration_based'],
  ['signal.enabled.channels', 'source,jmx'],
  ['notification.enabled.channels', 'log,jmx'],
  ['event.converting.failure.handling.mode', 'skip'],
  ['errors.tolerance', 'all'],
  ['database.ssl.truststore', '/x.jks'],
  ['sasl.mechanism', 'GSSAPI'],
]

test('what changes the events and is not supported yet is an error that says so', async t => {
  for (const [key, value] of NOT_YET) {
    const problems = await problemsOf(loadKeys(t, {[key]: value}))
    assert.ok(
      problems.some(problem => problem.startsWith(`${key}: `) && problem.includes('not supported yet')),
      `${key}=${value}: ${problems.join('; ')}`,
    )
  }
})

test('exactly once support keeps the state in a topic, with a transaction of its own name', async t => {
  const {settings} = await loadKeys(t, {'exactly.once.support': 'required', 'bootstrap.servers': 'k:9092'})
  assert.equal(settings.state.type, 'topic')
  assert.equal(settings.state.type === 'topic' && settings.state.topic, 'tidemark-state.shop')
  assert.equal(settings.sink.type, 'kafka')
  assert.deepEqual(settings.sink.type === 'kafka' && settings.sink.transaction, {
    id: 'tidemark-shop',
    timeoutMs: 60_000,
  })
})

test('exactly once support is refused with a state or a sink that no transaction covers', async t => {
  const required = {'exactly.once.support': 'required'}
  const kafka = {'bootstrap.servers': 'k:9092'}
  const toFile = {'sink.type': 'file', 'sink.file.path': 'x.jsonl'}
  const refusals: readonly (readonly [Record<string, string>, RegExp])[] = [
    [
      {...required, ...kafka, 'offset.storage.file.filename': 'x.state'},
      /^offset\.storage\.file\.filename: .*remove it/,
    ],
    [{...required, ...toFile}, /^exactly\.once\.support: found required with sink\.type=file/],
    [required, /^exactly\.once\.support: found required with sink\.type=stdout/],
    [{...toFile, 'offset.storage.topic': 'states'}, /^offset\.storage\.topic: found it with sink\.type=file/],
    [{...kafka, 'offset.storage.topic': 'a b'}, /^offset\.storage\.topic: found "a b"/],
  ]
  for (const [keys, wanted] of refusals) {
    const problems = await problemsOf(loadKeys(t, keys))
    assert.equal(problems.length, 1, problems.join('; '))
    assert.match(problems[0]!, wanted)
  }
})

test('the default of such a key may stand in the file', async t => {
  const {warnings} = await loadKeys(t, {
    'decimal.handling.mode': 'precise',
    'read.only': false,
    'exactly.once.support': 'requested',
    'event.processing.failure.handling.mode': 'fail',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  })
  assert.deepEqual(warnings, [])
})

test('rows that cannot be shown stop the task unless it is said otherwise, as Debezium says it', async t => {
  const modes = async (config: Record<string, string>) => (await loadKeys(t, config)).settings.stream.failures
  assert.deepEqual(await modes({}), {rows: 'fail', definitions: 'fail'})
  const config = {
    'event.processing.failure.handling.mode': 'WARN',
    'inconsistent.schema.handling.mode': 'skip',
    'event.converting.failure.handling.mode': 'warn',
    'errors.tolerance': 'none',
  }
  assert.deepEqual(await modes(config), {rows: 'warn', definitions: 'skip'})
})

test('a converter other than JSON is refused by name, a string key is not', async t => {
  const avro = 'io.confluent.connect.avro.AvroConverter'
  const problems = await problemsOf(loadKeys(t, {'value.converter': avro}))
  assert.equal(problems.length, 1)
  assert.match(
    problems[0]!,
    /value\.converter: found "io\.confluent\.connect\.avro\.AvroConverter", wanted .*JsonConverter/,
  )
  const {settings} = await loadKeys(t, {'key.converter': 'org.apache.kafka.connect.storage.StringConverter'})
  assert.equal(settings.events.keyConverter, 'string')
})

test('a key without meaning is accepted and noted', async t => {
  const {notes, warnings} = await loadKeys(t, {
    'schema.history.internal.kafka.topic': 'history',
    'tasks.max': '1',
    'snapshot.locking.mode': 'none',
    'max.batch.size': 2048,
  })
  assert.deepEqual(warnings, [])
  for (const key of ['schema.history.internal.kafka.topic', 'tasks.max', 'snapshot.locking.mode', 'max.batch.size']) {
    assert.ok(
      notes.some(note => note.startsWith(`${key} has no meaning here`)),
      key,
    )
  }
})

test('watermarks are the signal table’s where there is one, else executed GTIDs, and those with read.only, too', async t => {
  const kindOf = async (config: Record<string, string>): Promise<string> =>
    (await loadKeys(t, {'snapshot.mode': 'initial', ...config})).settings.snapshot.watermarks
  assert.equal(await kindOf({'signal.data.collection': 'd.s'}), 'signal-table')
  assert.equal(await kindOf({'signal.data.collection': 'd.s', 'read.only': 'true'}), 'executed-gtids')
  assert.equal(await kindOf({'signal.data.collection': ''}), 'executed-gtids')
})

test('the signal table is one table of one database', async t => {
  for (const value of ['signal', '.signal', 'shop.', 'shop.a,shop.b']) {
    assert.match((await problemsOf(loadKeys(t, {'signal.data.collection': value})))[0]!, /wanted one table as/)
  }
})

test('the sink is Kafka where brokers are named, and a file needs a path', async t => {
  const {settings} = await loadKeys(t, {'bootstrap.servers': 'a:9092, b:9092'})
  assert.equal(settings.sink.type, 'kafka')
  assert.match((await problemsOf(loadKeys(t, {'sink.type': 'file'})))[0]!, /^sink\.file\.path: it is missing/)
  assert.match((await problemsOf(loadKeys(t, {'sink.type': 'kafka'})))[0]!, /^bootstrap\.servers: it is missing/)
  const file = await loadKeys(t, {'sink.type': 'file', 'sink.file.path': 'x.jsonl', 'bootstrap.servers': 'a:9092'})
  assert.deepEqual(file.settings.sink, {type: 'file', path: 'x.jsonl'})
})

test('http.listen is an address, off, or with a token any address', async t => {
  assert.equal((await loadKeys(t, {'http.listen': 'off'})).settings.http, null)
  const open = await loadKeys(t, {'http.listen': ':9000', 'http.token': 't0ken'})
  assert.deepEqual(open.settings.http, {host: '0.0.0.0', port: 9000, token: 't0ken'})
  const ipv6 = await loadKeys(t, {'http.listen': '[::1]:9000'})
  assert.deepEqual(ipv6.settings.http, {host: '::1', port: 9000, token: null})
  assert.match(
    (await problemsOf(loadKeys(t, {'http.listen': 'nine'})))[0]!,
    /^http\.listen: found "nine", wanted host:port/,
  )
})

test('own message keys and skipped operations are read as Debezium reads them', async t => {
  const {settings} = await loadKeys(t, {
    'message.key.columns': 'shop.a:x,y;shop.(b|c):z',
    'skipped.operations': 'none',
  })
  const [first, second] = settings.events.messageKeyColumns
  assert.deepEqual(first!.columns, ['x', 'y'])
  assert.ok(second!.table.test('shop.C') && !second!.table.test('shop.d'))
  assert.equal(settings.events.skippedOperations.size, 0)
  assert.equal((await problemsOf(loadKeys(t, {'message.key.columns': 'shop.a'}))).length, 1)
  assert.equal((await problemsOf(loadKeys(t, {'skipped.operations': 'c,x'}))).length, 1)
})

test('bad JSON is told by line and column, without its text', async t => {
  const text = '{\n  "database.password": "s3cret",\n  "topic.prefix": "shop",\n}\n'
  await assert.rejects(loadText(t, text), (error: unknown) => {
    assert.ok(error instanceof TidemarkError)
    assert.equal(error.code, 'TIDEMARK_CONFIG_NOT_JSON')
    assert.match(error.message, /line 4, column 1/)
    assert.ok(!error.message.includes('s3cret'))
    assert.equal(error.cause, undefined)
    return true
  })
})

test('values that are no texts, numbers or booleans are refused, and null counts as not set', async t => {
  const problems = await problemsOf(
    loadText(t, JSON.stringify({...REQUIRED_KEYS, 'table.include.list': ['a'], name: null})),
  )
  assert.deepEqual(problems, ['table.include.list: found an array; wanted a text, number or boolean'])
})

test('a file that cannot be read is a wrong configuration', async t => {
  const {loadSettings} = await import('../../../src/config/load-settings.ts')
  assert.throws(
    () => loadSettings(`/nowhere/${t.name}.json`, {env: {}}),
    (error: unknown) =>
      error instanceof TidemarkError && error.kind === 'configuration' && error.message.includes('ENOENT'),
  )
})

test('no secret stands in the problems, and every secret is known for redaction', async t => {
  const problems = await problemsOf(loadKeys(t, {'database.password': 'pa55word', 'database.port': 'x'}))
  assert.ok(!problems.join().includes('pa55word'))
  const jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="brok3r";'
  const {settings} = await loadKeys(t, {
    'database.password': 'pa55word',
    'http.token': 't0ken',
    'producer.sasl.jaas.config': jaas,
    'my.own.secret': 'unkn0wn',
  })
  for (const secret of ['pa55word', 't0ken', 'brok3r', 'unkn0wn']) assert.ok(settings.secrets.includes(secret), secret)
})

test('schema change events are on as in Debezium, of all tables, and can be narrowed or switched off', async t => {
  const {settings} = await loadKeys(t)
  const all = {comments: false, onlyCapturedTables: false, onlyCapturedDatabases: false}
  assert.deepEqual(settings.schemaChanges, all)
  const only = {'schema.history.internal.store.only.captured.tables.ddl': 'true', 'include.schema.comments': 'true'}
  const narrowed = await loadKeys(t, only)
  assert.deepEqual(narrowed.settings.schemaChanges, {...all, onlyCapturedTables: true, comments: true})
  assert.equal((await loadKeys(t, {'include.schema.changes': 'false'})).settings.schemaChanges, null)
})

test('the notification channels file and webhook need to know where to', async t => {
  const problems = await problemsOf(loadKeys(t, {'notification.enabled.channels': 'file,webhook'}))
  assert.match(problems.join('\n'), /notification\.file\.path: it is missing/)
  assert.match(problems.join('\n'), /notification\.webhook\.url: it is missing/)
  const url = 'https://example.org/hook?token=geheim'
  const [wrong] = await problemsOf(
    loadKeys(t, {'notification.enabled.channels': 'webhook', 'notification.webhook.url': 'ftp:x'}),
  )
  assert.match(wrong!, /no address; wanted http/)
  const {settings} = await loadKeys(t, {
    ...{'notification.enabled.channels': 'file,webhook', 'notification.file.path': 'n.jsonl'},
    ...{'notification.webhook.url': url, 'notification.webhook.authorization': 'Bearer x'},
  })
  assert.deepEqual(settings.notifications, {
    channels: ['file', 'webhook'],
    sinkTopic: '',
    filePath: 'n.jsonl',
    webhooks: [{url, authorization: 'Bearer x', timeoutMs: 10_000}],
  })
})
