// The files with which Tidemark is deployed agree with the program and with each other. No engine runs them here: they are
// parsed, and what they name is looked up.

import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {promisify} from 'node:util'
import {parse, parseAllDocuments} from 'yaml'
import {EXIT_CONFIGURATION, EXIT_PREREQUISITE} from '../../src/cli/exit-code.ts'
import {loadSettings} from '../../src/config/load-settings.ts'
import type {Settings} from '../../src/config/settings.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {dockerfileStages, isInContext, lastStep} from '../support/dockerfile-steps.ts'
import {tempFolder} from '../support/temp-folder.ts'

const root = projectRoot()
const read = async (path: string): Promise<string> => await readFile(join(root, path), 'utf8')

interface ComposeService {
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, {condition: string}>>
  readonly healthcheck?: {readonly test: readonly string[]}
  readonly profiles?: readonly string[]
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const compose = parse(await read('docker-compose.yml')) as ComposeFile

test('the compose file has the services of a whole installation, and what they depend on', () => {
  const names = Object.keys(compose.services)
  assert.deepEqual(names, ['mysql', 'kafka', 'tidemark', 'prometheus', 'grafana', 'signals'])
  for (const [name, {depends_on: dependencies = [], ports = [], image}] of Object.entries(compose.services)) {
    const isList = Array.isArray(dependencies)
    for (const needed of isList ? (dependencies as string[]) : Object.keys(dependencies)) {
      assert.ok(names.includes(needed), `${name} depends on ${needed}, which is no service`)
      const {condition} = (isList ? {} : (dependencies as Record<string, {condition: string}>)[needed]!) as {
        condition?: string
      }
      if (condition !== 'service_healthy') continue
      assert.ok(compose.services[needed]!.healthcheck !== undefined, `${needed} has no health check to wait for`)
    }
    for (const port of ports)
      assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, `${name} would be reached from other machines`)
    if (name !== 'tidemark') assert.match(image, /:[\w.-]*\d/, `${name} has an image of no version`)
  }
})

test('whatever a service of the compose file mounts is there', () => {
  for (const [name, {volumes = []}] of Object.entries(compose.services)) {
    for (const volume of volumes) {
      const [source = '', target = ''] = volume.split(':')
      assert.match(target, /^\//)
      if (!source.startsWith('.')) {
        assert.ok(source in compose.volumes, `${name} mounts the volume ${source}, which is not declared`)
      } else {
        assert.ok(existsSync(join(root, source)), `${name} mounts ${source}, which is missing`)
      }
    }
  }
})

test('the configuration of the compose file is one, and its addresses are those of the services', async () => {
  const {tidemark, kafka, mysql} = compose.services
  const settings = load('examples/compose/tidemark.json', tidemark!.environment!)
  const {database, sink, http} = settings
  assert.equal(sink.type, 'kafka')
  const [, port = ''] = (sink as {bootstrapServers: readonly string[]}).bootstrapServers[0]!.split(':')
  assert.ok(kafka!.environment!['KAFKA_ADVERTISED_LISTENERS']!.includes(`INTERNAL://kafka:${port}`))
  assert.ok(kafka!.environment!['KAFKA_LISTENERS']!.includes(`INTERNAL://:${port}`))
  assert.ok(compose.services['signals']!.command!.includes(`--bootstrap-server=kafka:${port}`))
  assert.ok(compose.services['signals']!.command!.includes(`--topic=${settings.signals.kafka!.topic}`))
  assert.equal(database.hostname, 'mysql')
  const sql = await read('examples/compose/shop.sql')
  assert.ok(sql.includes(`CREATE USER ${database.user}@'%' IDENTIFIED BY '${database.password}'`))
  assert.ok(
    mysql!.volumes!.some(volume => volume.startsWith('./examples/compose/shop.sql:/docker-entrypoint-initdb.d/')),
  )
  const prometheus = parse(await read('examples/compose/prometheus.yml')) as {
    rule_files: string[]
    scrape_configs: {authorization: {credentials: string}; static_configs: {targets: string[]}[]}[]
  }
  const [scrape] = prometheus.scrape_configs
  assert.equal(scrape!.authorization.credentials, http!.token)
  assert.deepEqual(scrape!.static_configs[0]!.targets, [`tidemark:${http!.port}`])
  const [rules = ''] = prometheus.rule_files
  assert.ok(compose.services['prometheus']!.volumes!.some(volume => volume.includes(`:/etc/prometheus/${rules}:`)))
})

test('the image copies what its context lets in, is no root, and knows how to be watched and ended', async () => {
  const stages = dockerfileStages(await read('Dockerfile'))
  const ignored = await read('.dockerignore')
  for (const {instruction, argument} of stages.flatMap(({steps}) => steps)) {
    if (instruction !== 'COPY' || argument.startsWith('--from=')) continue
    for (const path of argument.split(/\s+/).slice(0, -1)) {
      assert.ok(existsSync(join(root, path)), `COPY ${path}: no such file`)
      assert.ok(isInContext(ignored, path), `COPY ${path}: .dockerignore keeps it out`)
    }
  }
  const last = stages.at(-1)!
  const {engines} = JSON.parse(await read('package.json')) as {engines: {node: string}}
  for (const {image} of stages) assert.equal(image, `node:${/\d+/.exec(engines.node)![0]}-slim`)
  assert.equal(lastStep(last, 'USER'), 'node')
  assert.equal(lastStep(last, 'STOPSIGNAL'), 'SIGTERM')
  assert.match(lastStep(last, 'HEALTHCHECK'), /"node", "\/app\/health\.mjs", "live"/)
  assert.ok(stages.length > 1, 'compiler and tests would be in the image')
})

interface Manifest {
  readonly kind: string
  readonly metadata: {readonly name: string}
}
interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly envFrom: readonly {secretRef: {name: string}}[]
  readonly volumeMounts: readonly {name: string; mountPath: string}[]
  readonly livenessProbe: {exec: {command: readonly string[]}}
  readonly readinessProbe: {exec: {command: readonly string[]}}
  readonly resources: {requests: object; limits: {memory: string}}
  readonly securityContext: object
}
interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number
    readonly strategy: {type: string}
    readonly selector: {matchLabels: Record<string, string>}
    readonly template: {
      readonly metadata: {labels: Record<string, string>}
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: {runAsNonRoot: boolean}
        readonly containers: readonly Container[]
        readonly volumes: readonly {name: string; configMap: {name: string}}[]
      }
    }
  }
}

test('the manifest runs one task at a time, with its probes, its secret and its configuration', async t => {
  const documents = parseAllDocuments(await read('examples/kubernetes/tidemark.yaml'))
  for (const document of 'errors' in documents ? [] : documents) assert.deepEqual(document.errors, [])
  const manifests = documents.map(document => document.toJS() as Manifest)
  const find = <T extends Manifest>(kind: string): T => manifests.find(manifest => manifest.kind === kind) as T
  const {spec} = find<Deployment>('Deployment')
  assert.deepEqual([spec.replicas, spec.strategy.type], [1, 'Recreate'])
  const {template} = spec
  assert.deepEqual(spec.selector.matchLabels, template.metadata.labels)
  const service = find<Manifest & {spec: {selector: object; ports: {targetPort: string}[]}}>('Service')
  assert.deepEqual(service.spec.selector, template.metadata.labels)
  assert.ok(template.spec.terminationGracePeriodSeconds > 30, 'what is in flight is waited for half a minute')
  assert.equal(template.spec.securityContext.runAsNonRoot, true)
  const [container] = template.spec.containers
  const {version} = JSON.parse(await read('package.json')) as {version: string}
  assert.equal(container!.image, `tidemark:${version}`)
  assert.deepEqual(container!.livenessProbe.exec.command, ['node', '/app/health.mjs', 'live'])
  assert.deepEqual(container!.readinessProbe.exec.command, ['node', '/app/health.mjs', 'ready'])
  assert.deepEqual(container!.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: {drop: ['ALL']},
  })
  assert.ok(container!.resources.limits.memory !== '')
  const secret = find<Manifest & {stringData: Record<string, string>}>('Secret')
  assert.equal(container!.envFrom[0]!.secretRef.name, secret.metadata.name)
  const map = find<Manifest & {data: Record<string, string>}>('ConfigMap')
  assert.equal(template.spec.volumes[0]!.configMap.name, map.metadata.name)
  const [file = '', text = ''] = Object.entries(map.data)[0]!
  assert.equal(container!.args.at(-1), `${container!.volumeMounts[0]!.mountPath}/${file}`)
  const path = join(await tempFolder(t), file)
  await writeFile(path, text)
  const {settings} = loadSettings(path, {env: secret.stringData})
  assert.equal(settings.state.type, 'topic', 'a pod has no disk to keep a state on')
  assert.equal(settings.http!.host, '0.0.0.0')
})

test('the unit is one that systemd takes, and does not start again what only an operator mends', async t => {
  const unit = await read('examples/systemd/tidemark@.service')
  const values = (key: string): string[] =>
    [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(match => match[1]!.trim())
  assert.deepEqual(values('RestartPreventExitStatus'), [`${EXIT_CONFIGURATION} ${EXIT_PREREQUISITE}`])
  assert.deepEqual(values('Restart'), ['on-failure'])
  assert.match(values('ExecStart')[0]!, /tidemark run \/etc\/tidemark\/%i\.json$/)
  assert.ok(Number(values('TimeoutStopSec')[0]) > 30, 'what is in flight is waited for half a minute')
  for (const key of ['DynamicUser', 'NoNewPrivileges', 'PrivateTmp', 'ProtectHome'])
    assert.deepEqual(values(key), ['yes'])
  // The program that it names is not installed here; any other that is there does for the check.
  const path = join(await tempFolder(t), 'tidemark@.service')
  await writeFile(path, unit.replace('/usr/local/bin/tidemark', process.execPath))
  const verified = await promisify(execFile)('systemd-analyze', ['verify', path]).then(
    ({stdout, stderr}) => `${stdout}${stderr}`.trim(),
    (error: {code: unknown; stderr: string}) => (error.code === 'ENOENT' ? null : error.stderr),
  )
  if (verified === null)
    t.diagnostic('systemd-analyze is not here: only the keys above were checked, not their spelling by systemd')
  else assert.equal(verified, '')
})

/** Paths of the container are not there; they are only named. */
function load(path: string, env: Readonly<Record<string, string>>): Settings {
  return loadSettings(join(root, path), {env}).settings
}
