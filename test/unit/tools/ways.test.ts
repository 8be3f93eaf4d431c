import assert from 'node:assert/strict'
import {test} from 'node:test'
import {NotHere, ServersError} from '../../../tools/servers/servers-error.ts'
import {firstThatWorks, type Way} from '../../../tools/servers/ways.ts'

function way(name: string, attempt: () => string): Way<string> {
  return {
    name,
    attempt: async () => {
      await Promise.resolve()
      return attempt()
    },
  }
}

function absent(reason: string): () => never {
  return () => {
    throw new NotHere(reason)
  }
}

test('the first way that works wins, and later ones are not tried', async () => {
  const later = way('later', () => assert.fail('tried'))
  const server = await firstThatWorks('MySQL', [way('a', absent('no a')), way('b', () => 'server of b'), later])
  assert.equal(server, 'server of b')
})

test('where no way works, one message names each with its reason and what would help', async () => {
  const ways = [way('Docker', absent('no engine')), way('packages', absent('no apt'))]
  await assert.rejects(firstThatWorks('Kafka', ways), (error: unknown) => {
    assert.ok(error instanceof ServersError)
    assert.match(error.message, /TIDEMARK_TEST_KAFKA is not set\n.*Docker: no engine\n.*packages: no apt\n/)
    assert.match(error.message, /Any of these would help:\n(.*\n)*.*Java 17/)
    return true
  })
})

test('a mistake of ours is not taken for a way that does not work', async () => {
  const broken = way('broken', () => {
    throw new TypeError('oops')
  })
  await assert.rejects(firstThatWorks('MySQL', [broken, way('b', () => 'b')]), TypeError)
})
