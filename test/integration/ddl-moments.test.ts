// Every kind of statement in the middle of the SELECT of its table; the other moments are in the long test of this name.

import {test} from 'node:test'
import {MOMENTS} from '../support/ddl-at.ts'
import {ddlAtMoment} from '../support/ddl-moments.ts'

const MOMENT = 'while its SELECT runs'

test(`every kind of DDL ${MOMENT}, with truncate events: the status says it, and the topics fold to their tables`, async t => {
  await ddlAtMoment(t, MOMENTS[MOMENT]!, {truncates: true})
})
