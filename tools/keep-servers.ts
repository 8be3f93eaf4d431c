// `npm run servers`: both servers for work by hand, until Ctrl-C; with `-- --replica` a replica of the MySQL, too.

import {once} from 'node:events'
import {provideKafka} from './servers/kafka-server.ts'
import {provideMysql} from './servers/mysql-server.ts'
import {mysqlUrl, replicaEnvironmentName, serversEnvironment} from './servers/given-servers.ts'
import {startReplicaServer} from './servers/replica-server.ts'
import {startTogether} from './servers/start-together.ts'

const [mysql, kafka] = await startTogether(provideMysql(), provideKafka())
const replica = process.argv.includes('--replica') ? await startReplicaServer(mysql) : null
console.log('MySQL and Kafka are up; for commands in another terminal:')
for (const [name, value] of Object.entries(serversEnvironment(mysql, kafka))) console.log(`export ${name}=${value}`)
if (replica !== null) console.log(`export ${replicaEnvironmentName}=${mysqlUrl(replica)}`)
if (mysql.clientCommand !== null) console.log(`# the MySQL client: ${mysql.clientCommand.join(' ')}`)
console.log('Ctrl-C stops them and removes their data.')

// Signals are events of the process; the timer keeps it alive until one comes.
const alive = setInterval(() => undefined, 60_000)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')])
clearInterval(alive)
await replica?.stop()
await Promise.all([mysql.stop(), kafka.stop()])
