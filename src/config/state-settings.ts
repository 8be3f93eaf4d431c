// Where the state is kept, and whether it is committed together with the events (exactly.once.support).

import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {KafkaSinkSettings, SinkSettings, StateSettings} from './settings.ts'

const FILE = 'offset.storage.file.filename'
const TOPIC = 'offset.storage.topic'
const EXACTLY_ONCE = 'exactly.once.support'

/** Topic names take no others. */
const NOT_IN_NAMES = /[^A-Za-z0-9._-]/g

export function stateSettings(
  values: OptionValues,
  {name, sink}: {readonly name: string; readonly sink: SinkSettings},
  problems: ConfigProblems,
): StateSettings {
  const file = values.optionalText(FILE)
  const topic = values.optionalText(TOPIC)
  const isRequired = isExactlyOnce(values)
  if (isRequired && sink.type !== 'kafka') {
    problems.add(
      EXACTLY_ONCE,
      `found required with sink.type=${sink.type}, which has no transactions; set sink.type=kafka and bootstrap.servers, or leave it out`,
    )
  }
  if (isRequired && file !== null) {
    problems.add(
      FILE,
      `found a file, and ${EXACTLY_ONCE}=required keeps the state in a topic, in one transaction with the events; remove it ` +
        '(tidemark state export and import move a state)',
    )
  } else if (topic !== null && file !== null) {
    problems.add(FILE, `it cannot be used together with ${TOPIC}; remove one of them`)
  }
  if (topic !== null && (topic.length > 249 || /[^A-Za-z0-9._-]/.test(topic))) {
    problems.add(TOPIC, `found "${topic}", wanted a topic's name: letters, digits, ".", "_" and "-"`)
  }
  if (topic !== null && sink.type !== 'kafka') {
    problems.add(TOPIC, `found it with sink.type=${sink.type}; the state can be in a topic where the events are`)
  }
  const plain = name.replace(NOT_IN_NAMES, '_')
  if ((isRequired || topic !== null) && sink.type === 'kafka') {
    return {type: 'topic', topic: topic ?? `tidemark-state.${plain}`, kafka: sink}
  }
  return {type: 'file', path: file ?? `${plain}.state`}
}

/** The sink's transactions; null where each batch counts as soon as it is written. */
export function transactionSettings(
  values: OptionValues,
  name: string,
): NonNullable<KafkaSinkSettings['transaction']> | null {
  if (!isExactlyOnce(values)) return null
  return {id: `tidemark-${name}`, timeoutMs: values.integer('transaction.timeout.ms')}
}

/** For messages. */
export function stateName(state: StateSettings): string {
  return state.type === 'file' ? state.path : `topic ${state.topic}`
}

function isExactlyOnce(values: OptionValues): boolean {
  return values.choice(EXACTLY_ONCE) === 'required'
}
