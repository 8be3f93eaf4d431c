import assert from 'node:assert/strict'
import {test} from 'node:test'
import {mirrorIn} from '../../../tools/servers/mysql-package.ts'

test("Debian's mirror is found in both formats of apt's sources", () => {
  assert.equal(mirrorIn('deb http://mirror.example/debian bookworm main\n'), 'http://mirror.example/debian')
  assert.equal(mirrorIn('deb [arch=amd64] https://m.example/pub/debian/ trixie main'), 'https://m.example/pub/debian/')
  assert.equal(
    mirrorIn('Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\n'),
    'http://mirror.example/debian',
  )
})

test('neither comments, nor the security archive, nor other vendors count as the mirror', () => {
  const sources =
    '# deb http://old.example/debian x main\nURIs: http://m.example/debian-security\ndeb http://v.example/apt x main'
  assert.equal(mirrorIn(sources), null)
})
