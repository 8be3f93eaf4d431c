// Brings a broker that has just started to where one in use is: a JVM compiles a path after some ten thousand calls, and
// until then a broker spends several times the CPU on a batch, most of it in the compiler.

import {KafkaSink} from '../src/sinks/kafka/kafka-sink.ts'
import type {KafkaSinkSettings} from '../src/config/settings.ts'
import type {EventHeaders} from '../src/sinks/sink.ts'
import {threadCpuSeconds} from './process-usage.ts'

const ROUND_MS = 2000
const MOST_ROUNDS = 30
/** Of one core; below it the compiler is done with what matters. */
const COMPILER_SHARE = 0.05
const IN_FLIGHT = 5
/** Events of a batch: requests of 16 KB, which are many, and of 256 KB, which are what is measured. */
const BATCH_EVENTS = [20, 300]

const nothing = (): void => undefined

/** Sends until the broker's compiler rests, a minute at most. The caller deletes the topic. */
export async function warmUpBroker(
  {bootstrap, pid}: {readonly bootstrap: string; readonly pid: number | null},
  topicName: string,
  signal: AbortSignal,
): Promise<void> {
  const log = {debug: nothing, info: nothing, warn: nothing, error: nothing}
  const sinks = (['none', 'lz4'] as const).map(
    compression => new KafkaSink({settings: settings(bootstrap, compression), log}),
  )
  try {
    for (const sink of sinks) await sink.open(signal)
    let compiled = compilerSeconds(pid)
    for (let round = 0; round < MOST_ROUNDS && !signal.aborted; round++) {
      await sendFor(ROUND_MS, sinks[round % 2]!, topicName)
      const before = compiled
      compiled = compilerSeconds(pid)
      if (round >= 3 && compiled - before < (ROUND_MS / 1000) * COMPILER_SHARE) return
    }
  } finally {
    await Promise.all(sinks.map(sink => sink.close(signal)))
  }
}

/** Of the JVM's C1 and C2 compiler threads; grows without end where they cannot be seen. */
function compilerSeconds(pid: number | null): number {
  if (pid === null) return performance.now()
  const threads = [...threadCpuSeconds(pid)].filter(([name]) => /^C[12] Compiler/.test(name))
  return threads.reduce((sum, [, seconds]) => sum + seconds, 0)
}

async function sendFor(ms: number, sink: KafkaSink, topicName: string): Promise<void> {
  const topic = await sink.topic(topicName)
  const inFlight: Promise<void>[] = []
  const until = performance.now() + ms
  for (let n = 0; performance.now() < until; n++) {
    const batch = topic.newBatch(0)
    for (let event = BATCH_EVENTS[n % BATCH_EVENTS.length]!; event > 0; event--) {
      const value = VALUES[(n + event) % VALUES.length]!
      batch.begin(KEY, 0, KEY.length, value.length, HEADERS)
      batch.writer.write(value)
      batch.end()
    }
    inFlight.push(sink.send(batch))
    if (inFlight.length >= IN_FLIGHT) await inFlight.shift()
  }
  await Promise.all(inFlight)
}

// What events of the bench have, so that the compiled paths are theirs.
const KEY = Buffer.from('{"id":1234567}')
const HEADERS: EventHeaders = {
  entries: ['a', 'b', 'c'].map(name => ({name: name.repeat(20), value: Buffer.from(name.repeat(30))})),
}
const VALUES = Array.from({length: 500}, (_, id) => {
  const after = {id, customer: id * 7919, note: `note ${id * 2654435761} ${'n'.repeat(40)}`}
  return Buffer.from(JSON.stringify({before: null, after, source: {...after, pad: 's'.repeat(400)}, op: 'r'}))
})

function settings(bootstrap: string, compression: KafkaSinkSettings['compression']): KafkaSinkSettings {
  return {
    type: 'kafka',
    bootstrapServers: [bootstrap],
    clientId: 'warm-up',
    security: {tls: null, sasl: null},
    compression,
    maxRequestBytes: 1024 * 1024,
    requestTimeoutMs: 30_000,
    topicCreation: {enabled: true, groups: []},
  }
}
