import assert from 'node:assert/strict'
import {test} from 'node:test'
import {changeThrottle, shownThrottle} from '../../../src/task/throttle-change.ts'
import {PlayedThrottle} from '../../support/played-throttle.ts'

const known = {maxRowsPerSecond: 100, query: 'SELECT 0'}

test('a change holds for what it names, and is answered with what holds now', () => {
  const {throttle, log} = new PlayedThrottle(known)
  assert.deepEqual(shownThrottle(throttle), {status: 200, body: {...known, waits: null}})
  for (const [text, limits] of [
    ['{"maxRowsPerSecond": 5}', {maxRowsPerSecond: 5, query: 'SELECT 0'}],
    ['{"query": null}', {maxRowsPerSecond: 5, query: null}],
    ['{"maxRowsPerSecond": 0, "query": " (select 1)"}', {maxRowsPerSecond: null, query: ' (select 1)'}],
    ['{"maxRowsPerSecond": null}', {maxRowsPerSecond: null, query: ' (select 1)'}],
    ['{}', {maxRowsPerSecond: null, query: ' (select 1)'}],
  ] as const) {
    assert.deepEqual(changeThrottle(text, throttle, log), {status: 200, body: {...limits, waits: null}})
    assert.deepEqual(throttle.limits, limits)
  }
  assert.equal(log.lines.length, 5)
})

test('a wrong change is refused with the reason, and changes nothing', () => {
  const {throttle, log} = new PlayedThrottle(known)
  for (const [text, reason] of [
    ['{', /not JSON/],
    ['[]', /must be a JSON object/],
    ['null', /must be a JSON object/],
    ['{"maxRowsPerSecond": -1}', /whole number/],
    ['{"maxRowsPerSecond": "5"}', /whole number.*not "5"/],
    ['{"maxRowsPerSecond": 1.5}', /whole number/],
    ['{"query": "DELETE FROM t"}', /must be a SELECT/],
    ['{"query": "WITH x AS (SELECT 1) DELETE FROM t"}', /must be a SELECT/],
    ['{"query": 1}', /must be a SELECT/],
    ['{"max.rows.per.second": 5}', /"max.rows.per.second" is not known here/],
  ] as const) {
    const {status, body} = changeThrottle(text, throttle, log)
    assert.equal(status, 400, text)
    assert.match((body as {error: string}).error, reason)
  }
  assert.deepEqual(throttle.limits, known)
})

test('where nothing can be copied there is nothing to change', () => {
  assert.equal(changeThrottle('{}', null, new PlayedThrottle().log).status, 409)
})
