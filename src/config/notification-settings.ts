// Settings of the notifications.

import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {NotificationChannelName, Settings} from './settings.ts'

const CHANNELS = 'notification.enabled.channels'
const TOPIC = 'notification.sink.topic.name'

export function notificationSettings(values: OptionValues, problems: ConfigProblems): Settings['notifications'] {
  const channels = values.list(CHANNELS).map(channel => channel.toLowerCase() as NotificationChannelName)
  const sinkTopic = values.text(TOPIC)
  if (sinkTopic === '') {
    if (channels.includes('sink')) problems.add(TOPIC, `it is missing; ${CHANNELS}=sink needs the name of a topic`)
  } else if (!/^[A-Za-z0-9._-]{1,249}$/.test(sinkTopic) || sinkTopic === '.' || sinkTopic === '..') {
    problems.add(TOPIC, `found "${sinkTopic}", wanted letters, digits, dot, underscore and hyphen, at most 249`)
  }
  return {channels: [...new Set(channels)], sinkTopic}
}
