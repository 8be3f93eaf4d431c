// Every kind of statement at every moment of a snapshot, with ghosts named and with truncate events.

import {test} from 'node:test'
import {MOMENTS} from '../support/ddl-at.ts'
import {ddlAtMoment} from '../support/ddl-moments.ts'

for (const [what, moment] of Object.entries(MOMENTS)) {
  for (const truncates of [true, false]) {
    const events = truncates ? 'with truncate events' : 'with ghosts named'
    test(`every kind of DDL ${what}, ${events}: the status says it, and the topics fold to their tables`, async t => {
      await ddlAtMoment(t, moment, {truncates})
    })
  }
}
