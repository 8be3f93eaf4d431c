// `npm run servers`: both servers for work by hand, until Ctrl-C.

import {once} from 'node:events'
import {provideKafka} from './servers/kafka-server.ts'
import {provideMysql} from './servers/mysql-server.ts'
import {serversEnvironment} from './servers/given-servers.ts'
import {startTogether} from './servers/start-together.ts'

const [mysql, kafka] = await startTogether(provideMysql(), provideKafka())
console.log('MySQL and Kafka are up; for commands in another terminal:')
for (const [name, value] of Object.entries(serversEnvironment(mysql, kafka))) console.log(`export ${name}=${value}`)
if (mysql.clientCommand !== null) console.log(`# the MySQL client: ${mysql.clientCommand.join(' ')}`)
console.log('Ctrl-C stops both and removes their data.')

// Signals are events of the process; the timer keeps it alive until one comes.
const alive = setInterval(() => undefined, 60_000)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')])
clearInterval(alive)
await Promise.all([mysql.stop(), kafka.stop()])
