import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {parseLabels} from '../../../src/mysql/column-labels.ts'

test('quotes, commas, brackets and backslashes belong to the labels', () => {
  const columnType = "enum('a','b''c','d,e','f\\\\g','h\\ni','j)k','o\"p','','\\0z')"
  assert.deepEqual(parseLabels(columnType), ['a', "b'c", 'd,e', 'f\\g', 'h\ni', 'j)k', 'o"p', '', '\0z'])
})

test('labels survive the server’s way of writing them', () => {
  const write = (label: string): string =>
    `'${label.replaceAll('\\', '\\\\').replaceAll('\0', '\\0').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll("'", "''")}'`
  fc.assert(
    fc.property(fc.array(fc.string({unit: 'grapheme'})), labels => {
      assert.deepEqual(parseLabels(`set(${labels.map(write).join(',')})`), labels)
    }),
  )
})
