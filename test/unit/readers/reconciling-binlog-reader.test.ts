import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {BinlogEvents} from '../../../src/binlog/binlog-events.ts'
import {StreamExtent} from '../../../src/core/stream-extent.ts'
import type {TransactionName} from '../../../src/core/stream-extent.ts'
import type {BranchSource, BranchStream, MainStream} from '../../../src/readers/branch-stream.ts'
import {ReconciledEnd, ReconcilingBinlogReader} from '../../../src/readers/reconciling-binlog-reader.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {settled, SID} from '../../support/stream-parts.ts'

/** Transaction `n` ends at position 10 n. */
class Reconciling {
  readonly gtids: boolean
  /** Transactions that each has passed. */
  a: number
  b: number
  open: number | null = null
  /** Of the server. */
  head: number
  holds = 0
  isHeld = false
  /** Whether the main stream comes to the end of a transaction when it is asked to. */
  canHold = true
  drains = 0
  /** What the branch has emitted is acknowledged. */
  acknowledged: Promise<void> = Promise.resolve()
  /** The branch has emitted a part of a transaction behind `a`. */
  isWithin = false
  reconciled: StreamExtent[] = []
  hasStopped = false
  #wake: () => void = () => undefined
  readonly reader: ReconcilingBinlogReader
  #now = 0

  constructor({a, b, head = b, gtids = true}: {a: number; b: number; head?: number; gtids?: boolean}) {
    this.a = a
    this.b = b
    this.head = head
    this.gtids = gtids
    const main = this.#main()
    const end = new ReconciledEnd(main, () => true)
    this.reader = new ReconcilingBinlogReader({
      main,
      end,
      now: () => (this.#now += 1_000),
      onReconciled: until => this.reconciled.push(until),
      reading: {
        source: this.#source(),
        stream: this.#stream(end),
        serverUuid: () => 'u',
        log: quietLog,
        delay: () => Promise.resolve(),
        backoffMs: () => 1,
        isConnectionLoss: () => false,
      },
    })
  }

  extent(count: number): StreamExtent {
    const gtidSet = this.gtids ? (count === 0 ? '' : `${SID}:1-${count}`) : null
    return StreamExtent.parse({file: 'b.000001', pos: count * 10, gtidSet})
  }

  run(): Promise<void> {
    return new Promise((completed, failed) => {
      this.reader.uponCompletion({completed, failed})
      this.reader.start()
    })
  }

  #main(): MainStream {
    const open = (): TransactionName | null =>
      this.open === null
        ? null
        : {sid: this.gtids ? SID : '', gno: this.open, file: 'b.000001', pos: (this.open - 1) * 10}
    return {
      serverUuid: 'u',
      position: {file: 'b.000001', pos: this.b * 10},
      extent: () => this.extent(this.b),
      open,
      safelyCovers: () => true,
      sendOpen: () => undefined,
      hold: async () => {
        this.holds++
        await settled()
        if (this.canHold) this.open = null
        this.isHeld = this.canHold
        return this.canHold
      },
      release: () => (this.isHeld = false),
    }
  }

  #stream(end: ReconciledEnd): BranchStream {
    const self = this // eslint-disable-line @typescript-eslint/no-this-alias
    const stream: BranchStream = {
      get isBetween() {
        return !self.isWithin
      },
      resumesByPosition: !this.gtids,
      get position() {
        return {file: 'b.000001', pos: self.a * 10}
      },
      get hasStopped() {
        return self.hasStopped
      },
      extent: () => this.extent(this.a),
      isAtEnd: () => !this.isWithin && end.isReached(stream),
      // One transaction with every read of the socket.
      dispatch: async () => {
        if (this.a < this.head) {
          this.a++
          this.isWithin = false
        }
        await settled()
        this.hasStopped = end.isReached(stream)
      },
      stored: () => assert.fail('nothing is stored'),
      resume: () => {
        this.hasStopped = false
        return {type: 'position', file: 'b.000001', pos: this.a * 10}
      },
      drain: () => {
        this.drains++
        return this.acknowledged
      },
      stop: () => undefined,
      close: () => undefined,
    }
    return stream
  }

  #source(): BranchSource {
    const wait = (signal: AbortSignal): Promise<void> =>
      new Promise(resolve => {
        this.#wake = resolve
        signal.addEventListener('abort', () => resolve(), {once: true})
      })
    return {
      identity: () => ({serverUuid: 'u'}),
      events: async function* (this: Reconciling, _start: unknown, signal: AbortSignal) {
        while (!signal.aborted) {
          yield {} as BinlogEvents
          if (this.a === this.head) await wait(signal)
        }
      }.bind(this),
    }
  }

  commit(): void {
    this.head++
    this.#wake()
  }
}

for (const gtids of [true, false]) {
  const how = gtids ? 'by GTID' : 'by position'
  test(`where the branch is ahead its place is taken, and nobody waits (${how})`, async () => {
    const both = new Reconciling({a: 7, b: 4, head: 9, gtids})
    await both.run()
    assert.deepEqual(both.reconciled[0]!.text, both.extent(7).text)
    assert.deepEqual([both.holds, both.drains], [0, 1])
  })

  test(`where both are equal nobody waits (${how})`, async () => {
    const both = new Reconciling({a: 4, b: 4, gtids})
    await both.run()
    assert.deepEqual([both.reconciled[0]!.text, both.holds], [both.extent(4).text, 0])
  })

  test(`where the main stream is ahead it is held, and the branch reads on to exactly there (${how})`, async () => {
    const both = new Reconciling({a: 2, b: 6, head: 20, gtids})
    await both.run()
    assert.deepEqual(both.reconciled[0]!.text, both.extent(6).text)
    assert.deepEqual([both.holds, both.a, both.isHeld], [1, 6, false])
    assert.ok(both.drains >= 2, 'and all that it has read there is acknowledged')
  })

  test(`a transaction that the main stream is in and the branch has not seen puts the main stream ahead (${how})`, async () => {
    const both = new Reconciling({a: 4, b: 4, head: 5, gtids})
    both.open = 5
    const done = both.run()
    await settled()
    assert.equal(both.reconciled.length, 0)
    await done
    assert.equal(both.a, 5)
  })

  test(`a transaction that the main stream is in and the branch has passed keeps nobody (${how})`, async () => {
    const both = new Reconciling({a: 6, b: 4, gtids})
    both.open = 5
    both.canHold = false
    await both.run()
    assert.deepEqual([both.reconciled[0]!.text, both.holds], [both.extent(6).text, 0])
  })
}

test('nothing is adopted before all that the branch has emitted is acknowledged', async () => {
  const both = new Reconciling({a: 7, b: 4, head: 9})
  let acknowledge = (): void => undefined
  both.acknowledged = new Promise(resolve => (acknowledge = resolve))
  const done = both.run()
  for (let turn = 0; turn < 5; turn++) await settled()
  assert.equal(both.reconciled.length, 0)
  acknowledge()
  await done
  assert.deepEqual(both.reconciled[0]!.text, both.extent(7).text)
})

test('a branch that has emitted a part of a transaction is adopted at its end and not before it', async () => {
  const both = new Reconciling({a: 4, b: 4, head: 5})
  both.isWithin = true
  await both.run()
  assert.deepEqual(
    both.reconciled.map(until => until.text),
    [both.extent(5).text],
  )
})

test('a main stream that comes to no end of a transaction is not held, and the branch is looked at again', async () => {
  const both = new Reconciling({a: 2, b: 4, head: 6})
  both.open = 5
  both.canHold = false
  await both.run()
  assert.ok(both.holds > 0)
  assert.equal(both.isHeld, false)
  assert.ok(both.a >= 5, 'the branch has passed the transaction by itself')
  assert.deepEqual(both.reconciled[0]!.text, both.extent(both.a).text)
})

test('what a held main stream waits for and does not come is given up', async t => {
  t.mock.timers.enable({apis: ['setTimeout']})
  const both = new Reconciling({a: 2, b: 4, head: 3})
  const done = both.run()
  while (!both.isHeld) await settled()
  t.mock.timers.tick(500)
  await settled()
  assert.equal(both.isHeld, false, 'the main stream goes on after half a second')
  assert.equal(both.reconciled.length, 0)
  both.commit()
  while (both.reconciled.length === 0) {
    t.mock.timers.tick(500)
    await settled()
  }
  await done
  assert.deepEqual(both.reconciled[0]!.text, both.extent(4).text)
})
