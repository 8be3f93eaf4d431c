import assert from 'node:assert/strict'
import {test} from 'node:test'
import {parseCondition} from '../../../../src/config/transforms/condition.ts'

const path = (text: string, at: number) => ({type: 'path', path: text.split('.'), at})
const literal = (value: unknown) => ({type: 'literal', value})

test('Groovy and JavaScript notations of one condition are one condition', () => {
  const wanted = {type: 'compare', operator: '==', left: path('value.op', 1), right: literal('c')}
  for (const text of ["value.op == 'c'", 'value.op === "c"', "value?.op=='c'"]) {
    assert.deepEqual(parseCondition(text), wanted, text)
  }
})

test('&& binds closer than ||, and ! closer than both', () => {
  const yes = {type: 'constant', value: true}
  assert.deepEqual(parseCondition('true || !true && (true)'), {
    type: 'or',
    left: yes,
    right: {type: 'and', left: {type: 'not', operand: yes}, right: yes},
  })
})

test('a list is asked with in, contains and includes', () => {
  const values = ['c', 1, null]
  assert.deepEqual(parseCondition("value.op in ['c', 1, null]"), {type: 'in', operand: path('value.op', 1), values})
  for (const method of ['contains', 'includes']) {
    const parsed = parseCondition(`['c', 1, null].${method}(topic)`)
    assert.deepEqual(parsed, {type: 'in', operand: path('topic', method.length + 17), values})
  }
})

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["value.op = 'c'", /^"=" at character 10 is not understood/],
  ['value.op', /^its end at character 9 is not understood here; understood are topic/],
  ["value.op.toUpperCase() == 'C'", /^"toUpperCase" at character 10 is not understood here/],
  ["valueSchema.name == 'x'", /^"valueSchema" at character 1 is not understood here/],
  ['value.after.price + 1 > 2', /^"\+" at character 19 is not understood/],
  ["value.op == 'c", /^the text at character 13 is not closed/],
  ['value.op == "$x"', /^"\$" at character 14 begins an insertion in Groovy/],
  ["value.op =~ 'c'", /^"=" at character 10/],
  ["(value.op == 'c'", /^its end at character 17/],
  ['[topic].contains(topic)', /^"topic" at character 2/],
  ['', /^its end at character 1/],
]

for (const [text, message] of REFUSED) {
  test(`refused with its place: ${text}`, () => {
    assert.throws(() => parseCondition(text), {name: 'SyntaxError', message})
  })
}
