// Settings of the notifications.

import type {OptionValues} from './option-values.ts'
import type {ConfigProblems} from './problems.ts'
import type {NotificationChannelName, Settings} from './settings.ts'

const CHANNELS = 'notification.enabled.channels'
const WEBHOOK = 'notification.webhook.url'
const TOPIC = 'notification.sink.topic.name'

export function notificationSettings(values: OptionValues, problems: ConfigProblems): Settings['notifications'] {
  const channels = values.list(CHANNELS).map(channel => channel.toLowerCase() as NotificationChannelName)
  const sinkTopic = values.text(TOPIC)
  if (sinkTopic === '') {
    if (channels.includes('sink')) problems.add(TOPIC, `it is missing; ${CHANNELS}=sink needs the name of a topic`)
  } else if (!/^[A-Za-z0-9._-]{1,249}$/.test(sinkTopic) || sinkTopic === '.' || sinkTopic === '..') {
    problems.add(TOPIC, `found "${sinkTopic}", wanted letters, digits, dot, underscore and hyphen, at most 249`)
  }
  const filePath = values.text('notification.file.path')
  if (filePath === '' && channels.includes('file')) {
    problems.add('notification.file.path', `it is missing; ${CHANNELS}=file needs the path of a JSON lines file`)
  }
  const urls = values.list(WEBHOOK)
  if (urls.length === 0 && channels.includes('webhook')) {
    problems.add(WEBHOOK, `it is missing; ${CHANNELS}=webhook needs an address`)
  }
  const authorization = values.optionalText('notification.webhook.authorization')
  const timeoutMs = values.integer('notification.webhook.timeout.ms')
  for (const url of urls) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      problems.add(WEBHOOK, 'one of its entries is no address; wanted http://… or https://…')
    }
  }
  return {
    channels: [...new Set(channels)],
    sinkTopic,
    filePath,
    webhooks: urls.map(url => ({url, authorization, timeoutMs})),
  }
}
