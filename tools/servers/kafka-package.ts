// Kafka's broker and console tools as jars from Maven Central.

import {existsSync} from 'node:fs'
import {mkdir, readdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {withDirectoryLock} from '../directory-lock.mjs'
import {madeArchiveOptions} from './kafka-archive.ts'
import {runCommand} from './run-command.ts'
import {serversFolder} from './server-paths.ts'
import {NotHere} from './servers-error.ts'
import {provideProgram} from './system-program.ts'

export const kafkaVersion = '4.1.1'
const oldestJava = 17

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidemark.servers</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
  </dependencies>
</project>
`

/** Compiling twice pays after minutes under load, and several threads of a collector with a heap of gigabytes. */
export const quickJava: readonly string[] = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

export interface KafkaPackage {
  /** For java's -cp. */
  readonly classPath: string
  /** Of these jars for this java. */
  readonly name: string
}

/** The jars, fetched where they are not there yet; safe with several processes at once. */
export async function provideKafkaPackage(): Promise<KafkaPackage> {
  const folder = join(serversFolder(), `kafka-${kafkaVersion}`)
  const java = await provideJava()
  const kafka = {classPath: join(folder, '*'), name: `kafka-${kafkaVersion}-java-${java}`}
  if (existsSync(folder)) return kafka
  await withDirectoryLock(join(serversFolder(), 'kafka.lock'), async () => {
    if (!existsSync(folder)) await fetchJars(folder)
  })
  return kafka
}

/** One of Kafka's own tools by its class, as `org.apache.kafka.tools.ConsoleConsumer`; gives its standard output. */
export async function runKafkaTool(className: string, args: readonly string[], input?: string): Promise<string> {
  const {classPath, name} = await provideKafkaPackage()
  const java = [...quickJava, ...madeArchiveOptions(name), '-cp', classPath]
  return await runCommand('java', [...java, className, ...args], input === undefined ? {} : {input})
}

async function fetchJars(folder: string): Promise<void> {
  await provideProgram('mvn', ['-version'], 'maven')
  console.error(`provisioning Kafka ${kafkaVersion} from Maven Central (once) …`)
  const part = `${folder}.part`
  const libs = join(part, 'libs')
  await rm(part, {recursive: true, force: true})
  await mkdir(part)
  await writeFile(join(part, 'pom.xml'), pom)
  await runCommand('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`], {cwd: part})
  for (const jar of await readdir(libs)) {
    // A second binding of the same logging interface, which only makes the broker complain.
    if (jar.startsWith('slf4j-reload4j')) await rm(join(libs, jar))
  }
  await rename(libs, folder)
  await rm(part, {recursive: true})
}

/** Its version. */
async function provideJava(): Promise<string> {
  const text = await provideProgram('java', ['--version'], 'default-jre-headless')
  const version = /\s(\d[\w.]*)/.exec(text)?.[1] ?? ''
  if (!(Number.parseInt(version) >= oldestJava))
    throw new NotHere(`Java ${version} is too old: Kafka needs ${String(oldestJava)} or newer`)
  return version
}
