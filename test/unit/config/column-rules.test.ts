import assert from 'node:assert/strict'
import {test} from 'node:test'
import {columnRules} from '../../../src/config/column-rules.ts'
import {OptionValues} from '../../../src/config/option-values.ts'
import {ConfigProblems} from '../../../src/config/problems.ts'

function problemsText(problems: ConfigProblems): string {
  try {
    problems.throwIfAny('here')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

function rules(config: Readonly<Record<string, string>>) {
  const problems = new ConfigProblems()
  const found = columnRules(new OptionValues(new Map(Object.entries(config))), problems)
  return {...found, problems: problemsText(problems)}
}

test('nothing set: every column comes out as it is', () => {
  const {include, exclude, mappings, problems} = rules({})
  assert.deepEqual({include, exclude, mappings, problems}, {include: null, exclude: null, mappings: [], problems: ''})
})

test('the patterns are those of whole column names, without case', () => {
  const {include} = rules({'column.include.list': 'shop[.]orders[.]id, shop.items.*'})
  assert.deepEqual(
    ['shop.orders.ID', 'shop.items.name', 'shop.orders.id2'].map(name => include!.some(pattern => pattern.test(name))),
    [true, true, false],
  )
})

test('a column is cut before it is masked, and masked before it is hashed, whatever the order in the file', () => {
  const {mappings, problems} = rules({
    'column.mask.hash.SHA-256.with.salt.a.b': 'd.t.c',
    'column.mask.hash.v2.SHA-512.with.salt.x': 'd.t.c',
    'column.mask.with.0.chars': 'd.t.b',
    'column.truncate.to.20.chars': 'd.t.a',
  })
  assert.equal(problems, '')
  assert.deepEqual(
    mappings.map(({mapping}) => mapping),
    [
      {type: 'truncate', length: 20},
      {type: 'mask', length: 0},
      {type: 'hash', algorithm: 'sha256', salt: 'a.b', serialized: true},
      {type: 'hash', algorithm: 'sha512', salt: 'x', serialized: false},
    ],
  )
})

test('what cannot be done is a problem with what was wanted', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    'column.truncate.to.0.chars': /length of 0/,
    'column.truncate.to.many.chars': /wanted column\.truncate\.to\.N\.chars/,
    'column.mask.hash.ROT13.with.salt.s': /no hash algorithm "ROT13"/,
    'column.mask.hash.SHA-256': /with\.salt\.SALT/,
  }
  for (const [key, problem] of Object.entries(wrong)) assert.match(rules({[key]: 'd.t.c'}).problems, problem, key)
  assert.match(rules({'column.include.list': 'a', 'column.exclude.list': 'b'}).problems, /one of the two/)
})
