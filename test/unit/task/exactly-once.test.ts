import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SinkTransactions} from '../../../src/sinks/sink.ts'
import {Checkpointer} from '../../../src/task/checkpointer.ts'
import {ExactlyOnce} from '../../../src/task/exactly-once.ts'
import {quietLog} from '../../support/quiet-log.ts'

/** A sink's transaction, an outlet and a stream that note the order in which things happen. */
class Parts {
  readonly did: string[] = []
  isWhole = true
  fails = false
  acknowledge: () => void = () => undefined
  readonly transactions: SinkTransactions & {bytes: number} = {
    bytes: 0,
    isOpen: false,
    onSent: () => undefined,
    cut: () => {
      this.did.push('cut')
      if (this.fails) throw new Error('the sink has failed')
    },
    goOn: () => this.did.push('go on'),
    commit: () => Promise.resolve(),
  }
  readonly once = new ExactlyOnce({
    transactions: this.transactions,
    emitter: {
      assertWorks: () => {
        if (this.fails) throw new Error('the sink has failed')
      },
      cut: async () => {
        this.did.push('send all')
        if (this.fails) throw new Error('the sink has failed')
        await new Promise<void>(resolve => (this.acknowledge = resolve))
      },
    },
    outlet: outletOf(this),
  })
  readonly checkpointer = new Checkpointer({
    cuts: this.once,
    collect: () => {
      this.did.push('collect')
      return 'state'
    },
    syncSink: () => Promise.resolve(),
    save: () => {
      this.did.push('commit')
      return Promise.resolve()
    },
    log: quietLog,
    onFailure: () => this.did.push('failure'),
  })
}

function outletOf(parts: Parts): ConstructorParameters<typeof ExactlyOnce>[0]['outlet'] {
  return {
    hold: () => parts.did.push('hold'),
    release: () => parts.did.push('release'),
    pump: () => undefined,
    get isWhole() {
      return parts.isWhole
    },
  }
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setTimeout(resolve, 1))
}

test('the state is collected when all that was sent before the cut is acknowledged, and no chunk leaves meanwhile', async () => {
  const parts = new Parts()
  const stored = parts.checkpointer.store()
  await turns()
  assert.deepEqual(parts.did, ['hold', 'send all', 'cut'])
  parts.acknowledge()
  await stored
  assert.deepEqual(parts.did, ['hold', 'send all', 'cut', 'collect', 'release', 'commit'])
})

test('nothing is cut while a chunk has left in part, unless the sink has failed', async () => {
  const parts = new Parts()
  parts.isWhole = false
  const stored = parts.checkpointer.store()
  await turns()
  assert.deepEqual(parts.did, ['hold'])
  parts.isWhole = true
  await turns()
  parts.acknowledge()
  await stored
  assert.equal(parts.did.at(-1), 'commit')
  parts.isWhole = false
  const failing = assert.rejects(parts.checkpointer.store(), /the sink has failed/)
  await turns()
  parts.fails = true
  await failing
})

test('a state that is as it was is committed where there are events, else the transaction goes on', async () => {
  const parts = new Parts()
  const store = async (): Promise<void> => {
    const stored = parts.checkpointer.store()
    await turns()
    parts.acknowledge()
    await stored
  }
  await store()
  parts.did.length = 0
  await store()
  assert.deepEqual(parts.did, ['hold', 'send all', 'cut', 'collect', 'release', 'go on'])
  parts.transactions.bytes = 1
  await store()
  assert.equal(parts.did.at(-1), 'commit')
})

test('a sink that has failed fails the checkpoint once, and leaves no rejection behind', async () => {
  const parts = new Parts()
  parts.fails = true
  await assert.rejects(parts.checkpointer.store(), /the sink has failed/)
  parts.checkpointer.soon()
  await turns()
  assert.equal(parts.did.filter(step => step === 'failure').length, 1)
  assert.ok(!parts.did.includes('collect'))
})
