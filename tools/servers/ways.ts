// Several ways to the same server, tried in order; one message where none works.

import {environmentName} from './given-servers.ts'
import {messageOf, NotHere, ServersError} from './servers-error.ts'

export interface Way<T> {
  readonly name: string
  attempt(): Promise<T>
}

export async function firstThatWorks<T>(what: 'MySQL' | 'Kafka', ways: readonly Way<T>[]): Promise<T> {
  const tried: string[] = [`the environment: ${environmentName(what)} is not set`]
  for (const way of ways) {
    try {
      return await way.attempt()
    } catch (error) {
      if (!(error instanceof ServersError)) throw error
      if (!(error instanceof NotHere)) console.error(`${what} through ${way.name} failed: ${error.message}`)
      tried.push(`${way.name}: ${messageOf(error)}`)
    }
  }
  throw new ServersError(
    `no ${what} for demo, tests or bench.\nTried:\n${indent(tried)}\nAny of these would help:\n${indent(helps(what))}`,
  )
}

function helps(what: 'MySQL' | 'Kafka'): string[] {
  const example = what === 'MySQL' ? 'mysql://root:password@127.0.0.1:3306' : '127.0.0.1:9092'
  const byHand =
    what === 'MySQL'
      ? 'a Debian machine (x86-64 or arm64) whose apt can reach its mirror'
      : 'Java 17 or newer and Maven (on Debian: apt-get install default-jre-headless maven), with access to Maven Central'
  return [
    `${environmentName(what)}=${example} in the environment, for a server that is used for nothing else`,
    'a Docker engine that answers (docker-compose.yml starts the same servers by hand)',
    byHand,
  ]
}

function indent(lines: readonly string[]): string {
  return lines.map(line => `  - ${line.replaceAll('\n', '\n    ')}`).join('\n')
}
