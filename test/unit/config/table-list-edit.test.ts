// `tidemark tables add` and `remove`: what they make of the lists of tables.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import fc from 'fast-check'
import {addTable, removeTable, type TableListEdit} from '../../../src/config/table-list-edit.ts'
import {createTableFilter} from '../../../src/config/table-filter.ts'
import {loadKeys, type ConfigKeys} from '../../support/config-file.ts'

const invoices = {database: 'shop', table: 'invoices'}

async function add(t: TestContext, keys: ConfigKeys, table = invoices): Promise<TableListEdit> {
  return addTable(table, await loadKeys(t, keys))
}

async function remove(t: TestContext, keys: ConfigKeys, table = invoices): Promise<TableListEdit> {
  return removeTable(table, await loadKeys(t, keys))
}

function change(key: string, value: string | null): TableListEdit {
  return {type: 'change', changes: new Map([[key, value]])}
}

function refused(edit: TableListEdit, why: RegExp): void {
  assert.equal(edit.type, 'refused')
  assert.match(edit.type === 'refused' ? edit.why : '', why)
}

test('a table that is added stands escaped behind the others', async t => {
  assert.deepEqual(
    await add(t, {'table.include.list': 'shop.orders, shop[.]x.*'}),
    change('table.include.list', 'shop.orders,shop[.]x.*,shop\\.invoices'),
  )
  const odd = {database: 'shop', table: 'a+b'}
  assert.deepEqual(
    await add(t, {'table.include.list': 'shop.c'}, odd),
    change('table.include.list', 'shop.c,shop\\.a\\+b'),
  )
})

test('a table that is captured already changes nothing', async t => {
  for (const keys of [{}, {'table.include.list': 'shop[.].*'}, {'table.exclude.list': 'shop.orders'}]) {
    assert.equal((await add(t, keys)).type, 'nothing')
  }
  assert.equal((await remove(t, {'table.include.list': 'shop.orders'})).type, 'nothing')
})

test('what keeps a table out is named', async t => {
  refused(await add(t, {'database.include.list': 'crm'}), /database\.include\.list=crm keeps the database shop out/)
  refused(await add(t, {'database.exclude.list': 'sh.*'}), /database\.exclude\.list=sh\.\* keeps/)
  refused(
    await add(t, {'table.exclude.list': 'shop[.]inv.*'}),
    /"shop\[\.\]inv\.\*" of table\.exclude\.list keeps shop\.invoices out/,
  )
  refused(await add(t, {}, {database: 'mysql', table: 'user'}), /table\.ignore\.builtin/)
  refused(await add(t, {'signal.data.collection': 'shop.invoices'}), /signal table/)
})

test('a table that is removed leaves the list it stands in, however it is written there', async t => {
  for (const entry of ['shop.invoices', 'shop\\.invoices', 'shop[.]invoices', 'SHOP.Invoices']) {
    assert.deepEqual(
      await remove(t, {'table.include.list': `shop.orders,${entry}`}),
      change('table.include.list', 'shop.orders'),
    )
    assert.deepEqual(await add(t, {'table.exclude.list': entry}), change('table.exclude.list', null))
  }
})

test('where every table is captured, the one that is removed is excluded', async t => {
  assert.deepEqual(await remove(t, {}), change('table.exclude.list', 'shop\\.invoices'))
  assert.deepEqual(
    await remove(t, {'table.exclude.list': 'shop.x'}),
    change('table.exclude.list', 'shop.x,shop\\.invoices'),
  )
})

test('a table is not removed where others would go with it, or all would come', async t => {
  refused(await remove(t, {'table.include.list': 'shop[.].*'}), /matches shop\.invoices among others/)
  refused(await remove(t, {'table.include.list': 'shop.invoices'}), /last of table\.include\.list/)
  refused(await remove(t, {'signal.data.collection': 'shop.invoices'}), /signal table/)
})

test('what is added is captured, what is removed is not, and no other table changes', async t => {
  const name = fc.stringMatching(/^[a-z0-9_$+.,-]{1,8}$/)
  const others = ['shop.orders', 'shop.a', 'shop.invoicesx'].map(text => ({database: 'shop', table: text.slice(5)}))
  await fc.assert(
    fc.asyncProperty(name, fc.constantFrom(addTable, removeTable), fc.boolean(), async (text, edit, includes) => {
      const table = {database: 'shop', table: text}
      const keys: ConfigKeys = includes ? {'table.include.list': 'shop.orders'} : {'table.exclude.list': 'shop.orders'}
      const before = await loadKeys(t, keys)
      const edited = edit(table, before)
      if (edited.type !== 'change') return
      const after = await loadKeys(t, {...keys, ...(Object.fromEntries(edited.changes) as ConfigKeys)})
      assert.equal(createTableFilter(after.settings)(table), edit === addTable)
      for (const other of others) {
        if (other.table === text || (edit === addTable) !== includes) continue
        assert.equal(createTableFilter(after.settings)(other), createTableFilter(before.settings)(other), other.table)
      }
    }),
    {numRuns: 40},
  )
})
