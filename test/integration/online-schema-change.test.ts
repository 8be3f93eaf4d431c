// Two of the ways in which tools change a table online; the others are in the long test of this name.

import {test} from 'node:test'
import {changeOnline, nameOf, ONLINE_CHANGES} from '../support/online-change.ts'

for (const change of ONLINE_CHANGES.filter((_, index) => index % 3 === 0)) {
  test(nameOf(change), async t => {
    await changeOnline(t, change)
  })
}
