// What `tidemark check` finds out about where events and state go, without writing either.

import {access, constants, stat} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'
import type {KafkaSignalSettings, KafkaSinkSettings, Settings} from '../config/settings.ts'
import {describeError} from '../core/tidemark-error.ts'
import {KafkaCluster} from '../kafka/kafka-cluster.ts'
import {connectionProblem, fatalConnectionError, SIGNAL_KEYS} from '../kafka/connection-failure.ts'
import {TopicFetcher} from '../kafka/topic-fetcher.ts'
import {passed} from '../mysql/prerequisite.ts'
import type {PrerequisiteResult} from '../mysql/prerequisite.ts'
import {KafkaSink} from '../sinks/kafka/kafka-sink.ts'
import {checkStateTopic} from './check-state-topic.ts'

/** A broker that does not answer within this time counts as unreachable here; `run` waits for it. */
const BROKER_PATIENCE_MS = 10_000

export async function checkSinkAndState(settings: Settings): Promise<PrerequisiteResult[]> {
  const {sink, state, signals} = settings
  const results: PrerequisiteResult[] = []
  if (state.type === 'file') results.push(await checkWritable('state file', state.path, 'offset.storage.file.filename'))
  if (state.type === 'topic') results.push(await checkStateTopic(state))
  if (sink.type === 'kafka') results.push(await checkBroker(sink))
  if (signals.kafka !== null) results.push(await checkSignalTopic(signals.kafka))
  if (sink.type === 'stdout') results.push(passed('sink', 'standard output'))
  if (sink.type === 'file') results.push(await checkWritable('sink file', sink.path, 'sink.file.path'))
  return results
}

/** Logs in and asks for a producer id, which needs what `run` needs to begin with; topics are created by `run`. */
async function checkBroker(settings: KafkaSinkSettings): Promise<PrerequisiteResult> {
  const name = 'kafka'
  const servers = settings.bootstrapServers.join(',')
  const quiet = {debug: ignore, info: ignore, warn: ignore, error: ignore}
  // Without the transactional id: to ask for its producer would shut out a task that is running.
  const sink = new KafkaSink({settings: {...settings, transaction: null}, log: quiet})
  try {
    const patience = AbortSignal.timeout(BROKER_PATIENCE_MS)
    await Promise.race([sink.open(patience), aborted(patience)])
    return passed(name, `${servers} answers, and takes the account`)
  } catch (error) {
    return {
      name,
      ok: 'failed',
      found: sink.status().reason ?? describeError(error).message,
      wanted: `a broker at ${servers} that takes the account`,
      statement: 'check bootstrap.servers, security.protocol, sasl.* and ssl.*, and that the account may write (ACLs)',
    }
  } finally {
    await sink.close(AbortSignal.abort()).catch(ignore)
  }
}

/** Whether signals can be read: the brokers answer, take the account, and let it read every partition. */
async function checkSignalTopic(settings: KafkaSignalSettings): Promise<PrerequisiteResult> {
  const name = 'signal topic'
  const {topic, bootstrapServers} = settings
  const servers = bootstrapServers.join(',')
  const log = {debug: ignore, info: ignore, warn: ignore, error: ignore}
  const cluster = new KafkaCluster(bootstrapServers, {...settings, log})
  try {
    const fetcher = new TopicFetcher(cluster, topic)
    const partitions = await fetcher.partitions()
    if (partitions === null) {
      return {
        name,
        ok: 'warning',
        found: `${topic} does not exist at ${servers}`,
        wanted: 'a topic to read signals from; it is waited for, and the broker may create it when asked',
        statement: `kafka-topics --bootstrap-server ${bootstrapServers[0] ?? ''} --create --topic ${topic} --partitions 1`,
      }
    }
    for (const partition of partitions) await fetcher.bounds(partition)
    const count = partitions.length === 1 ? '1 partition' : `${partitions.length} partitions`
    return passed(name, `${topic} (${count}) at ${servers} can be read`)
  } catch (error) {
    return {
      name,
      ok: 'failed',
      found: connectionProblem(fatalConnectionError(error, servers, SIGNAL_KEYS) ?? error, SIGNAL_KEYS),
      wanted: `topic ${topic} at ${servers}, which the account may read`,
      statement:
        'check signal.kafka.bootstrap.servers and signal.consumer.*, and that the account may describe and read the topic (ACLs)',
    }
  } finally {
    cluster.close()
  }
}

async function checkWritable(name: string, path: string, option: string): Promise<PrerequisiteResult> {
  const file = resolve(path)
  try {
    const exists = await stat(file).then(
      () => true,
      () => false,
    )
    await access(exists ? file : dirname(file), constants.W_OK)
    return passed(name, `${path} can be written`)
  } catch (error) {
    const {code} = describeError(error)
    return {
      name,
      ok: 'failed',
      found: `${path} cannot be written (${code})`,
      wanted: 'a file in a folder that exists and that this account may write',
      statement: `create ${dirname(file)} or grant access to it, or set ${option} to another place`,
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no broker answered within ${BROKER_PATIENCE_MS} ms`)), {
      once: true,
    })
  })
}

function ignore(): void {
  // Nothing to say, nothing to do.
}
