// A program that uses the library, to be killed: acknowledges the first events of a topic, then takes all others without
// acknowledging any, and says when the state stands behind those that are. Arguments: configuration, topic, events to acknowledge.

import {setTimeout as delay} from 'node:timers/promises'
import {capture} from '../../src/library.ts'
import {hasStored} from '../../src/task/status.ts'

const [config = '', topic = '', count = '0'] = process.argv.slice(2)
const stream = await capture(config)
let place = {file: '', pos: 0}
for (let left = Number(count); left > 0;) {
  const {value: event} = await stream.next()
  if (event === undefined) throw new Error('the stream ended')
  event.ack()
  if (event.topic !== topic) continue
  left--
  const {file, pos} = event.envelope()!.source
  // The first place behind the event.
  place = {file, pos: Number(pos) + 1}
}
for (let n = 0; n < 3; n++) await stream.next()
while (!hasStored(stream.status(), place)) await delay(20)
process.stdout.write('stored\n')
await stream.next()
