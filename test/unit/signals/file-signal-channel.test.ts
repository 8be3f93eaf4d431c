import assert from 'node:assert/strict'
import {appendFile, readdir, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {FileSignalChannel} from '../../../src/signals/file-signal-channel.ts'
import type {FileSignalPlace} from '../../../src/signals/file-signal-channel.ts'
import type {SignalRecord} from '../../../src/signals/signal.ts'
import {onCleanUp} from '../../support/clean-up.ts'
import type {CleanUpContext} from '../../support/clean-up.ts'
import {rememberingLog} from '../../support/quiet-log.ts'
import {tempFolder} from '../../support/temp-folder.ts'

interface Reading {
  readonly channel: FileSignalChannel
  readonly taken: SignalRecord[]
  readonly log: ReturnType<typeof rememberingLog>
  waiting: number
  /** The next look, and whatever follows from it; `ms` have passed before. */
  look(ms?: number): Promise<void>
  stop(): Promise<void>
}

let now = 0

function start(t: CleanUpContext, path: string, stored: FileSignalPlace | null = null): Reading {
  const taken: SignalRecord[] = []
  const log = rememberingLog()
  const stopping = new AbortController()
  let wake: () => void = () => undefined
  let rests: () => void = () => undefined
  const channel = new FileSignalChannel({
    path,
    stored,
    take: record => taken.push(record),
    waiting: () => reading.waiting,
    delay: () =>
      new Promise(resolve => {
        wake = resolve
        rests()
      }),
    log,
  })
  let resting = new Promise<void>(resolve => (rests = resolve))
  const ended = channel.run(stopping.signal)
  const reading: Reading = {
    channel,
    taken,
    log,
    waiting: 0,
    look: async (ms = 0) => {
      await resting
      now += ms
      resting = new Promise(resolve => (rests = resolve))
      wake()
      await resting
    },
    stop: async () => {
      stopping.abort()
      await resting
      wake()
      await ended
    },
  }
  onCleanUp(t, () => reading.stop())
  return reading
}

async function signalFile(t: CleanUpContext & {mock: {method(o: object, n: string, f: () => number): unknown}}) {
  t.mock.method(performance, 'now', () => now)
  const folder = await tempFolder(t)
  return {folder, path: join(folder, 'signals.txt')}
}

const line = (id: string): string => `{"id":"${id}","type":"log","data":{"message":"x"}}\n`

test('lines are taken in order, and the file is gone once they are part of the stored state', async t => {
  const {folder, path} = await signalFile(t)
  const reading = start(t, path)
  await reading.look()
  assert.equal(reading.channel.status.state, 'open', 'a file that is not there yet is no fault')
  await writeFile(path, line('a') + '\n' + line('b'))
  await reading.look()
  assert.deepEqual(
    reading.taken.map(({id, type, data, channel}) => [id, type, data, channel]),
    [
      ['a', 'log', '{"message":"x"}', 'file'],
      ['b', 'log', '{"message":"x"}', 'file'],
    ],
  )
  await reading.look(5_000)
  assert.equal((await readdir(folder)).length, 1, 'not in a stored state yet')
  assert.equal(reading.channel.collect()?.bytes, line('a').length * 2 + 1)
  reading.channel.saved()
  await reading.look()
  assert.deepEqual(await readdir(folder), [])
  assert.equal(reading.channel.collect(), null)
  await writeFile(path, line('a') + line('b'))
  await reading.look()
  assert.equal(reading.taken.length, 4, 'the same lines again are signals again')
  assert.equal(new Set(reading.taken.map(({occurrence}) => occurrence)).size, 4)
})

test('who still has the file open when it is renamed loses nothing', async t => {
  const {folder, path} = await signalFile(t)
  const reading = start(t, path)
  await writeFile(path, line('a') + '{"id":"b",')
  await reading.look()
  const [renamed] = await readdir(folder)
  assert.match(renamed!, /^signals\.txt\..*\.taken$/)
  assert.equal(reading.taken.length, 1)
  await appendFile(join(folder, renamed!), '"type":"log"}\n' + line('c'))
  await reading.look(500)
  assert.deepEqual(
    reading.taken.map(({id}) => id),
    ['a', 'b', 'c'],
  )
})

test('a last line without a line end is taken after a while, and a broken one is answered', async t => {
  const {path} = await signalFile(t)
  const reading = start(t, path)
  await writeFile(path, 'not json\n{"type":"log"}')
  await reading.look()
  await reading.look(1_200)
  assert.equal(reading.taken.length, 2)
  assert.match(reading.taken[0]!.broken ?? '', /the line is not JSON/)
  assert.equal(reading.taken[1]!.type, 'log')
})

test('a line that is too long is answered, and what follows is read', async t => {
  const {path} = await signalFile(t)
  const reading = start(t, path)
  await writeFile(path, `${'x'.repeat(256 * 1024)}${line('a')}`)
  await reading.look()
  assert.match(reading.taken[0]!.broken ?? '', /longer than 256 KB/)
  assert.equal(reading.taken[1]!.id, 'a')
})

test('after a crash reading goes on where the stored state says, or at the beginning of what was renamed in between', async t => {
  const {folder, path} = await signalFile(t)
  const first = start(t, path)
  await writeFile(path, line('a'))
  await first.look()
  const place = first.channel.collect()!
  await first.stop()
  await appendFile(place.path, line('b'))
  const second = start(t, path, place)
  await second.look()
  assert.deepEqual(
    second.taken.map(({id}) => id),
    ['b'],
  )
  await second.stop()
  await rename(place.path, `${path}.other.taken`)
  await writeFile(path, line('c'))
  const third = start(t, path, place)
  for (let i = 0; i < 3; i++) await third.look(2_000)
  third.channel.collect()
  third.channel.saved()
  for (let i = 0; i < 3; i++) await third.look(2_000)
  assert.deepEqual(
    third.taken.map(({id}) => id),
    ['a', 'b', 'c'],
  )
  third.channel.collect()
  third.channel.saved()
  await third.look(2_000)
  assert.deepEqual(await readdir(folder), [])
})

test('while much waits to be acted on the file waits', async t => {
  const {path} = await signalFile(t)
  const reading = start(t, path)
  reading.waiting = 300_000
  await writeFile(path, line('a'))
  await reading.look()
  assert.equal(reading.taken.length, 0)
  reading.waiting = 0
  await reading.look()
  assert.equal(reading.taken.length, 1)
})

test('a file that cannot be read is told of once and tried again', async t => {
  const {folder} = await signalFile(t)
  const path = join(folder, 'missing', 'signals.txt')
  const reading = start(t, path)
  await reading.look()
  await reading.look()
  assert.equal(reading.channel.status.state, 'waiting')
  assert.match(reading.channel.status.reason ?? '', /ENOENT/)
  assert.equal(reading.log.lines.filter(({sentence}) => sentence.startsWith('cannot read the signal file')).length, 1)
})
