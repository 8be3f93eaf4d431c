// A minute of tries, which is too long for the integration suite.

import {test} from 'node:test'
import {freePort} from '../../tools/servers/free-port.ts'
import {assertEnded} from '../support/assert-ended.ts'
import {prepareCapture} from '../support/capture.ts'

test('a server that stays away ends the start with what to check', async t => {
  const capture = await prepareCapture(t, {prefix: 'away'})
  const tidemark = await capture.run(t, {'database.port': String(await freePort())})
  await assertEnded(tidemark, {
    code: 1,
    lastLine: /ECONNREFUSED.*check database\.hostname and database\.port.*\(TIDEMARK_MYSQL_UNREACHABLE\)$/,
  })
})
