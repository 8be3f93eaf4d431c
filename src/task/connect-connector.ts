// The task as the one connector of Kafka Connect's REST interface.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {tableRoute} from '../encode/topic-routing.ts'
import type {Connector} from '../http/connect-routes.ts'
import {clusterIdOf} from '../kafka/cluster-id.ts'
import {NO_FILE} from './live-config.ts'
import type {LiveConfig} from './live-config.ts'
import type {RestartingTask} from './restarting-task.ts'
import type {StatusReport} from './status.ts'

export type ConnectedTask = Pick<RestartingTask, 'status' | 'pause' | 'resume' | 'restart' | 'isRestarting'>

export interface ConnectorParts {
  readonly task: ConnectedTask
  readonly live: LiveConfig | null
  /** `host:port` of the HTTP interface. */
  readonly worker: () => string
  readonly commit: string | null
  readonly log: Log
}

export function connectorOf(settings: Settings, {task, live, worker, commit, log}: ConnectorParts): Connector {
  return {
    name: settings.name,
    version: task.status().version,
    commit,
    kafkaClusterId: settings.sink.type === 'kafka' ? clusterIdOf({...settings.sink, log}) : () => Promise.resolve(null),
    topicPrefix: settings.events.topicPrefix,
    worker,
    status: () => task.status(),
    isRestarting: () => task.isRestarting,
    config: {
      shown: () => live?.shown() ?? NO_FILE,
      change: async (method, text) => (await live?.change(method, text)) ?? NO_FILE,
      problems: text => live?.problems(text) ?? null,
    },
    topics: () => topicsOf(settings, task.status()),
    pause: () => task.pause(),
    resume: () => task.resume(),
    restart: () => task.restart(),
  }
}

/** Where a transformation decides by the row, the topic that it would have without. */
function topicsOf({events}: Settings, {tables}: StatusReport): string[] {
  const captured = tables.filter(({left}) => left === null)
  const topics = captured.map(({table}) => {
    const dot = table.indexOf('.')
    return tableRoute(events, {database: table.slice(0, dot), table: table.slice(dot + 1)}).topic
  })
  return [...new Set(topics)].sort()
}
