import assert from 'node:assert/strict'
import {test} from 'node:test'
import {sharingNote, sourceName, topicTables, type TableTopic} from '../../../src/verify/topic-tables.ts'

function table(name: string, topic: string, shard: string | null = null): TableTopic {
  const keyFields = shard === null ? [] : [{name: 'shard', value: shard}]
  return {id: {database: 'shop', table: name}, text: `shop.${name}`, topic, keyFields}
}

test('a topic of one table is its own, unless transforms may send others there', () => {
  const tables = [table('a', 'p.shop.a'), table('b', 'p.shop.b')]
  assert.deepEqual(topicTables(tables, false).contents, [
    {type: 'own', table: 0},
    {type: 'own', table: 1},
  ])
  assert.deepEqual(
    topicTables(tables, true).contents.map(({type}) => type),
    ['shared', 'shared'],
  )
})

test('the tables of a shared topic are found by the names in their events', () => {
  const tables = [table('o', 'all'), table('x', 'p.shop.x'), table('o"é', 'all')]
  const {topics, contents} = topicTables(tables, false)
  assert.deepEqual(
    [...topics],
    [
      ['all', 0],
      ['p.shop.x', 1],
    ],
  )
  const [all] = contents
  assert.equal(all?.type, 'shared')
  const inEvent = Buffer.from(JSON.stringify('o"é').slice(1, -1)).toString('latin1')
  assert.deepEqual([all.tables.get(sourceName('shop', 'o')), all.tables.get(sourceName('shop', inEvent))], [0, 2])
})

test('a report says who shares the topic, and whether keys may be equal there', () => {
  const unique = [table('a', 'all', '1'), table('b', 'all', '2'), table('c', 'other')]
  assert.match(sharingNote(unique[0]!, unique)!, /^the topic also has shop\.b; [^;]*apart$/)
  assert.equal(sharingNote(unique[2]!, unique), null)
  const mixed = [table('a', 'all'), table('b', 'all')]
  assert.match(sharingNote(mixed[0]!, mixed)!, /may have the same key/)
})
