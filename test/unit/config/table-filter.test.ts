import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {createTableFilter, isSignalTable} from '../../../src/config/table-filter.ts'
import {loadKeys, type ConfigKeys} from '../../support/config-file.ts'

const TABLES = ['shop.orders', 'shop.orders_old', 'Shop.Lines', 'blog.posts', 'mysql.user', 'sys.x']

async function captured(t: TestContext, keys: ConfigKeys): Promise<string[]> {
  const passes = createTableFilter((await loadKeys(t, keys)).settings)
  return TABLES.filter(name => passes({database: name.split('.')[0]!, table: name.split('.')[1]!}))
}

test('without filters everything but the builtin schemas is captured', async t => {
  assert.deepEqual(await captured(t, {}), ['shop.orders', 'shop.orders_old', 'Shop.Lines', 'blog.posts'])
  assert.equal((await captured(t, {'table.ignore.builtin': false})).length, TABLES.length)
})

test('patterns match whole names without case', async t => {
  assert.deepEqual(await captured(t, {'table.include.list': 'SHOP.orders,shop\\.lines'}), ['shop.orders', 'Shop.Lines'])
  assert.deepEqual(await captured(t, {'table.exclude.list': 'shop\\..*'}), ['blog.posts'])
  assert.deepEqual(await captured(t, {'database.include.list': 'sho'}), [])
})

test('database and table filters must both let a table through', async t => {
  const keys = {'database.exclude.list': 'blog', 'table.include.list': '.*\\.(posts|orders)'}
  assert.deepEqual(await captured(t, keys), ['shop.orders'])
})

test('the signal table is told by its exact name', async t => {
  const {settings} = await loadKeys(t, {'signal.data.collection': 'shop.debezium_signal'})
  assert.ok(isSignalTable(settings, {database: 'shop', table: 'debezium_signal'}))
  assert.ok(!isSignalTable(settings, {database: 'shop', table: 'Debezium_signal'}))
  assert.ok(!isSignalTable((await loadKeys(t)).settings, {database: 'shop', table: 'debezium_signal'}))
})
