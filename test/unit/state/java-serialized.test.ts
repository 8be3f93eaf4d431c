import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {readJavaArray} from '../../../src/state/java-serialized.ts'

const ARRAY = 'aced000575720013' + hex('[Ljava.lang.Object;') + '90ce589f1073296c02000078700000000'
const NUMBER = '7872' + '0010' + hex('java.lang.Number') + '86ac951d0b94e08b020000' + '7870'
const INTEGER = '7372' + '0011' + hex('java.lang.Integer') + '12e2a0a4f781873802000149' + '0005' + hex('value') + NUMBER
const LONG = '7372' + '000e' + hex('java.lang.Long') + '3b8be490cc8f23df0200014a' + '0005' + hex('value') + NUMBER

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}

function read(text: string) {
  return readJavaArray(Buffer.from(text, 'hex'))
}

test('numbers and texts of a key', () => {
  assert.deepEqual(read(`${ARRAY}1${INTEGER}00000005`), [{type: 'digits', digits: '5'}])
  assert.deepEqual(read(`${ARRAY}1${LONG}fffffffffffffffe`), [{type: 'digits', digits: '-2'}])
  assert.deepEqual(read(`${ARRAY}2${INTEGER}00000005740003${hex('a"b')}`), [
    {type: 'digits', digits: '5'},
    {type: 'text', text: 'a"b'},
  ])
})

test('a null key is null, and a null in a key is one', () => {
  assert.equal(read('aced000570'), null)
  assert.deepEqual(read(`${ARRAY}170`), [{type: 'null'}])
})

test('bytes of a key', () => {
  assert.deepEqual(read(`${ARRAY}1757200025b42acf317f8060854e00200007870000000020aff`), [
    {type: 'bytes', bytes: Buffer.from('0aff', 'hex')},
  ])
})

test('data that a class writes by itself is passed over to its last byte', () => {
  const date = '7372' + '000e' + hex('java.util.Date') + '686a81014b597419030000' + '7870' + '77080000018bcfe5680078'
  assert.deepEqual(read(`${ARRAY}2${date}740001${hex('a')}`), [
    {type: 'other', className: 'java.util.Date'},
    {type: 'text', text: 'a'},
  ])
})

const REFUSED: readonly (readonly [what: string, bytes: string])[] = [
  ['an array without a class', 'aced00057570'],
  [
    'a class that is a text',
    'aced000575' +
      '72' +
      '0001' +
      hex('[') +
      '00'.repeat(8) +
      '020000' +
      '740001' +
      hex('x') +
      '7871007e0001' +
      '00000000',
  ],
  [
    'a class that is its own parent',
    'aced000573' + '72' + '0001' + hex('C') + '00'.repeat(8) + '020000' + '7871007e0000',
  ],
  [
    'data of less than no bytes',
    `${ARRAY}1` + '7372' + '0001' + hex('C') + '00'.repeat(8) + '030000' + '7870' + '7afffffff0',
  ],
  [
    'more elements than bytes',
    'aced000575720013' + hex('[Ljava.lang.Object;') + '90ce589f1073296c0200007870' + '7fffffff',
  ],
]

for (const [what, bytes] of REFUSED) {
  test(`refused: ${what}`, () => {
    assert.throws(() => read(bytes), {code: 'TIDEMARK_STATE_DEBEZIUM_KEY'})
  })
}

test('damaged or truncated bytes are refused with our own error, and never read without end', () => {
  const whole = Buffer.from(`${ARRAY}2${INTEGER}00000005${LONG}fffffffffffffffe`, 'hex')
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
      const damaged = Buffer.from(whole.subarray(0, length))
      if (at < length) damaged[at] = byte
      try {
        readJavaArray(damaged)
      } catch (error) {
        assert.ok(error instanceof TidemarkError, String(error))
      }
    }),
    {numRuns: 3000},
  )
})
