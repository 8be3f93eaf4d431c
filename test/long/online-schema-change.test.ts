// The ways in which tools change a table online that are not in npm test.

import {test} from 'node:test'
import {changeOnline, nameOf, ONLINE_CHANGES} from '../support/online-change.ts'

for (const change of ONLINE_CHANGES.filter((_, index) => index % 3 !== 0)) {
  test(nameOf(change), async t => {
    await changeOnline(t, change)
  })
}
