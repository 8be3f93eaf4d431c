import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {BinlogEvents, StreamStart} from '../../../src/binlog/binlog-events.ts'
import {StreamExtent} from '../../../src/core/stream-extent.ts'
import {BinlogReader} from '../../../src/readers/binlog-reader.ts'
import type {BranchSource, BranchStream} from '../../../src/readers/branch-stream.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {settled} from '../../support/stream-parts.ts'

/** A stream whose end is where the test says, and a socket of which the test decides what it brings. */
class Reading {
  isAtEnd = false
  dispatched = 0
  completed = false
  readonly starts: StreamStart[] = []
  readonly failures: unknown[] = []
  readonly reader: BinlogReader
  #bring: (read: 'events' | 'loss' | null) => void = () => undefined

  constructor() {
    const extent = StreamExtent.parse({file: 'b.000001', pos: 4, gtidSet: null})
    const stream: BranchStream = {
      isBetween: true,
      hasStopped: false,
      resumesByPosition: true,
      position: {file: 'b.000001', pos: 4},
      isAtEnd: () => this.isAtEnd,
      dispatch: () => {
        this.dispatched++
        return Promise.resolve()
      },
      extent: () => extent,
      stored: () => assert.fail('nothing is stored'),
      resume: () => ({type: 'position', file: 'b.000001', pos: 4}),
      drain: () => Promise.resolve(),
      stop: () => undefined,
      close: () => undefined,
    }
    this.reader = new BinlogReader({
      ...{stream, source: this.#source(), log: quietLog},
      serverUuid: () => 'u',
      delay: () => Promise.resolve(),
      backoffMs: () => 1,
      isConnectionLoss: error => (error as Error).message === 'lost',
    })
    this.reader.uponCompletion({
      completed: () => (this.completed = true),
      failed: error => this.failures.push(error),
    })
  }

  bring(read: 'events' | 'loss' | null): void {
    this.#bring(read)
  }

  /** As a socket whose data has come in the turn in which its reader is called off: it hands them over once more. */
  #source(): BranchSource {
    const next = (): Promise<'events' | 'loss' | null> => new Promise(resolve => (this.#bring = resolve))
    const {starts} = this
    return {
      identity: () => ({serverUuid: 'u'}),
      async *events(start) {
        starts.push(start)
        for (let read = await next(); read !== null; read = await next()) {
          if (read === 'loss') throw new Error('lost')
          yield {} as BinlogEvents
        }
      },
    }
  }
}

test('what the socket brings when the stream has been ended is not dispatched', async () => {
  const reading = new Reading()
  reading.reader.start()
  await settled()
  reading.bring('events')
  await settled()
  assert.equal(reading.dispatched, 1)
  reading.isAtEnd = true
  reading.reader.moved()
  reading.bring('events')
  await settled()
  reading.bring(null)
  await settled()
  assert.deepEqual([reading.dispatched, reading.completed, reading.failures], [1, true, []])
})

test('a lost connection is begun again where the stream is, unless that is its end', async () => {
  const reading = new Reading()
  reading.reader.start()
  await settled()
  reading.bring('loss')
  await settled()
  assert.equal(reading.starts.length, 2)
  reading.isAtEnd = true
  reading.bring('loss')
  await settled()
  assert.deepEqual([reading.starts.length, reading.completed, reading.failures], [2, true, []])
})

test('a dump that the server ends is no end of the stream', async () => {
  const reading = new Reading()
  reading.reader.start()
  await settled()
  reading.bring(null)
  await settled()
  assert.deepEqual(
    [reading.completed, reading.failures.map(error => (error as {code: string}).code)],
    [false, ['TIDEMARK_BINLOG_ENDED']],
  )
})
