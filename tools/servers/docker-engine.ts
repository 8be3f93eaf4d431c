// Whether a Docker engine answers, found out without waiting, and containers that can be killed and started again.

import {readFile} from 'node:fs/promises'
import {request, type RequestOptions} from 'node:http'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {projectRoot} from './server-paths.ts'
import {messageOf, NotHere, ServersError} from './servers-error.ts'

export interface ContainerSpec {
  /** The service of docker-compose.yml whose image is used. */
  readonly service: string
  readonly environment: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly ports: readonly {readonly container: number; readonly host: number}[]
}

export interface RunningContainer {
  readonly id: string
  readonly host: string
  remove(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  pause(): Promise<void>
}

/** Starts a container through testcontainers, whose reaper removes it when we die. */
export async function startContainer(spec: ContainerSpec): Promise<RunningContainer> {
  await engineAnswers()
  // Loaded only here: it takes a second, which machines without an engine need not spend.
  const {GenericContainer, getContainerRuntimeClient} = await import('testcontainers')
  try {
    const container = new GenericContainer(await composeImage(spec.service))
      .withEnvironment(spec.environment)
      .withExposedPorts(...spec.ports)
    if (spec.command !== undefined) container.withCommand([...spec.command])
    const started = await container.start()
    const client = await getContainerRuntimeClient()
    const handle = client.container.getById(started.getId())
    return {
      id: started.getId(),
      host: started.getHost(),
      remove: async () => {
        await started.stop({remove: true, removeVolumes: true})
      },
      kill: async () => {
        await handle.kill()
      },
      start: async () => {
        await handle.start()
      },
      pause: async () => {
        await handle.stop()
      },
    }
  } catch (cause) {
    throw new ServersError(`the engine answers, but the container cannot be started: ${messageOf(cause)}`, {cause})
  }
}

/** The image of a service of docker-compose.yml, so that versions stand in one place. */
export async function composeImage(service: string): Promise<string> {
  const file = join(projectRoot(), 'docker-compose.yml')
  const text = await readFile(file, 'utf8')
  const image = new RegExp(`^  ${service}:\\n(?:    .*\\n)*?    image: (\\S+)$`, 'm').exec(text)?.[1]
  if (image === undefined) throw new ServersError(`${file} has no image for the service ${service}`)
  return image
}

async function engineAnswers(): Promise<void> {
  const reasons: string[] = []
  for (const [name, address] of engineAddresses()) {
    const reason = await ping(address)
    if (reason === null) return
    reasons.push(`${name} (${reason})`)
  }
  throw new NotHere(`no engine answers at ${reasons.join(', ')}`)
}

function engineAddresses(): [string, RequestOptions][] {
  const given = process.env['DOCKER_HOST']
  if (given !== undefined && given !== '') {
    const url = URL.canParse(given) ? new URL(given) : null
    if (url?.protocol === 'unix:') return [[given, {socketPath: url.pathname}]]
    if (url?.protocol === 'tcp:') return [[given, {host: url.hostname, port: url.port}]]
    throw new NotHere(`DOCKER_HOST=${given} is neither unix: nor tcp:`)
  }
  const run = process.env['XDG_RUNTIME_DIR']
  const sockets = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]
  if (run !== undefined) sockets.push(join(run, 'docker.sock'))
  return sockets.map(socketPath => [socketPath, {socketPath}])
}

/** Null where the engine answers, else why not. */
async function ping(address: RequestOptions): Promise<string | null> {
  return await new Promise(resolve => {
    const asking = request({...address, path: '/_ping', timeout: 2000}, response => {
      response.resume()
      // With TLS the plain request is refused, which is an answer, too: testcontainers knows how to ask properly.
      resolve(response.statusCode === 200 || response.statusCode === 400 ? null : `HTTP ${String(response.statusCode)}`)
    })
    asking.on('timeout', () => asking.destroy(new Error('no answer within 2 s')))
    asking.on('error', error => {
      resolve('code' in error ? String(error.code) : error.message)
    })
    asking.end()
  })
}
