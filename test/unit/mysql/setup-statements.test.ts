import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {setupStatements} from '../../../src/mysql/setup-statements.ts'
import {signalTableDdl} from '../../../src/mysql/signal-table-ddl.ts'
import {loadKeys, type ConfigKeys} from '../../support/config-file.ts'
import {projectRoot} from '../../../tools/servers/server-paths.ts'

async function sqlFile(name: string): Promise<string> {
  return await readFile(join(projectRoot(), 'sql', name), 'utf8')
}

async function statements(t: Parameters<typeof loadKeys>[0], keys: ConfigKeys): Promise<string[]> {
  const {settings} = await loadKeys(t, keys)
  return setupStatements(settings, "'tidemark'@'%'").map(({sql}) => sql)
}

test('sql/signal-table.sql holds the DDL that init prints', async () => {
  const ddl = signalTableDdl({database: 'shop', table: 'debezium_signal'}).replace(
    '`shop`.`debezium_signal`',
    'debezium_signal',
  )
  assert.ok((await sqlFile('signal-table.sql')).includes(ddl))
})

test('sql/grants.sql holds the grants that init prints for its example', async t => {
  const found = await statements(t, {
    'database.include.list': 'shop',
    'signal.data.collection': 'shop.debezium_signal',
  })
  const file = await sqlFile('grants.sql')
  const inFile = file.split('\n').filter(line => line.startsWith('GRANT'))
  assert.deepEqual(
    found.filter(sql => sql.startsWith('GRANT')),
    inFile,
  )
})

test('SELECT is asked for on the databases that the filters name, else on all', async t => {
  const selects = async (keys: ConfigKeys): Promise<string[]> =>
    (await statements(t, keys)).filter(sql => sql.startsWith('GRANT SELECT')).map(sql => sql.split(' ')[3]!)
  assert.deepEqual(await selects({'table.include.list': 'a.x,a\\.y,b-c.(z|w)'}), ['`a`.*', '`b-c`.*'])
  assert.deepEqual(await selects({'database.include.list': 'a,sh.*p'}), ['*.*'])
  assert.deepEqual(await selects({'database.include.list': 'a,b'}), ['`a`.*', '`b`.*'])
  assert.deepEqual(await selects({'table.include.list': '(a|b).x'}), ['*.*'])
  assert.deepEqual(await selects({}), ['*.*'])
})
