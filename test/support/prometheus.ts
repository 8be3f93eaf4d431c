// A real Prometheus that scrapes with the example's configuration, asked through its HTTP API; and promtool.

import {spawnSync} from 'node:child_process'
import {closeSync, openSync} from 'node:fs'
import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {parse, stringify} from 'yaml'
import {eventually} from '../../tools/servers/eventually.ts'
import {freePort} from '../../tools/servers/free-port.ts'
import {OwnedProcess} from '../../tools/servers/owned-process.ts'
import {providePrometheusPackage} from '../../tools/servers/prometheus-package.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'
import {tempFolder} from './temp-folder.ts'

export const MONITORING = join(projectRoot(), 'examples/monitoring')

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export interface Alert {
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface ScrapeConfig {
  job_name: string
  static_configs: {targets: string[]}[]
}

interface PrometheusConfig {
  global: Record<string, string>
  rule_files: string[]
  scrape_configs: ScrapeConfig[]
}

interface Rules {
  groups: {name: string; rules: {alert: string; expr: string; for?: string}[]}[]
}

/** Every expression of every alarm. */
export async function alarmExpressions(): Promise<string[]> {
  const {groups} = parse(await readFile(join(MONITORING, 'rules.yml'), 'utf8')) as Rules
  return groups.flatMap(({rules}) => rules.map(({expr}) => expr))
}

/** promtool in the folder of the examples: its exit code, and what it said. */
export async function promtool(args: readonly string[], input = ''): Promise<{code: number | null; said: string}> {
  const program = (await providePrometheusPackage()).promtool
  const {status, stdout, stderr, error} = spawnSync(program, args, {cwd: MONITORING, input, encoding: 'utf8'})
  if (error !== undefined) throw error
  return {code: status, said: stdout + stderr}
}

/** On the example's configuration, with this target and quicker; an alarm comes at once. It ends with the test. */
export async function startPrometheus(t: CleanUpContext, target: string): Promise<Prometheus> {
  const {prometheus} = await providePrometheusPackage()
  const folder = await tempFolder(t)
  const config = parse(await readFile(join(MONITORING, 'prometheus.yml'), 'utf8')) as PrometheusConfig
  config.global = {...config.global, scrape_interval: '500ms', evaluation_interval: '500ms'}
  for (const {static_configs: statics} of config.scrape_configs) for (const each of statics) each.targets = [target]
  const rules = parse(await readFile(join(MONITORING, 'rules.yml'), 'utf8')) as Rules
  for (const {rules: alarms} of rules.groups) for (const alarm of alarms) delete alarm.for
  await writeFile(join(folder, 'prometheus.yml'), stringify(config))
  await writeFile(join(folder, 'rules.yml'), stringify(rules))
  const address = `127.0.0.1:${String(await freePort())}`
  const log = join(folder, 'prometheus.log')
  const out = openSync(log, 'w')
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ]
  const owned = OwnedProcess.start(prometheus, args, {cwd: folder, stdout: out, stderr: out})
  closeSync(out)
  onCleanUp(t, async () => {
    await owned.stop('SIGKILL')
  })
  const url = `http://${address}`
  try {
    const pointless = (): string | undefined => (owned.end === null ? undefined : 'it ended')
    await eventually({what: 'Prometheus to be ready', timeoutMs: 60_000, pointless}, async () => {
      return (await fetch(`${url}/-/ready`)).ok ? true : undefined
    })
  } catch (cause) {
    throw new Error(`${String(cause)}; its log:\n${await readFile(log, 'utf8')}`, {cause})
  }
  return new Prometheus(url)
}

export class Prometheus {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** The expression's answer at this moment. Throws what Prometheus says against it. */
  async query(expression: string): Promise<Series[]> {
    const {resultType, result} = await this.#get<{
      resultType: string
      result: {metric: Series['metric']; value: [number, string]}[]
    }>(`query?query=${encodeURIComponent(expression)}`)
    if (resultType !== 'vector') throw new Error(`${expression} is a ${resultType}, wanted a vector`)
    return result.map(({metric, value}) => ({metric, value: Number(value[1])}))
  }

  async alerts(): Promise<Alert[]> {
    return (await this.#get<{alerts: Alert[]}>('alerts')).alerts
  }

  /** Names of rules that it could not evaluate, with the reason. */
  async brokenRules(): Promise<string[]> {
    const {groups} = await this.#get<{groups: {rules: {name: string; health: string; lastError?: string}[]}[]}>('rules')
    const rules = groups.flatMap(group => group.rules)
    return rules
      .filter(({health}) => health === 'err')
      .map(({name, lastError}) => `${name}: ${lastError ?? 'no reason'}`)
  }

  /** The reason why the one target could not be scraped last; '' where it was. */
  async scrapeError(): Promise<string> {
    const {activeTargets} = await this.#get<{activeTargets: {lastError: string}[]}>('targets')
    return activeTargets.map(({lastError}) => lastError).join()
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`, {signal: AbortSignal.timeout(10_000)})
    const answer = (await response.json()) as {status: string; data: T; error?: string}
    if (answer.status !== 'success') throw new Error(`Prometheus, ${path}: ${answer.error ?? response.status}`)
    return answer.data
  }
}
