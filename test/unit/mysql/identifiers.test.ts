import assert from 'node:assert/strict'
import {test} from 'node:test'
import {
  accountLiteral,
  bytesLiteral,
  quoteIdentifier,
  quoteTable,
  stringLiteral,
} from '../../../src/mysql/identifiers.ts'

test('a backtick in a name cannot end the name', () => {
  assert.equal(quoteIdentifier('a`b'), '`a``b`')
  assert.equal(quoteTable({database: 'my.db', table: 'a`; DROP'}), '`my.db`.`a``; DROP`')
})

test('no text can end a string literal', () => {
  assert.equal(stringLiteral("it's \\ \n \0 é"), "'it''s \\\\ \\n \\0 é'")
})

test('bytes become a hexadecimal literal, also of a view into a larger buffer', () => {
  assert.equal(bytesLiteral(Buffer.from([1, 2, 0xff]).subarray(1)), "x'02ff'")
  assert.equal(bytesLiteral(Buffer.alloc(0)), "x''")
})

test('an account is cut at its last @', () => {
  assert.equal(accountLiteral("o'neil@home@10.0.%"), "'o''neil@home'@'10.0.%'")
})
