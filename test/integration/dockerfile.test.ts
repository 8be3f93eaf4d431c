// The Dockerfile's steps, carried out in plain folders, and what they make run as a container would: with its entry point,
// its health check, its stop signal and nothing else of this repository.

import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {promisify} from 'node:util'
import {eventually} from '../../tools/servers/eventually.ts'
import {OwnedProcess} from '../../tools/servers/owned-process.ts'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {prepareCapture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {carryOut, dockerfileStages, lastStep} from '../support/dockerfile-steps.ts'
import {tempFolder} from '../support/temp-folder.ts'

const root = projectRoot()

test('what the Dockerfile makes captures a server, tells its health, and stops with its signal', async t => {
  const stages = dockerfileStages(await readFile(join(root, 'Dockerfile'), 'utf8'))
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, {dev?: boolean}>
  }
  const productionPackages = Object.keys(lock.packages).filter(path => path !== '' && lock.packages[path]!.dev !== true)
  const folder = await tempFolder(t)
  const image = await carryOut(stages, {context: root, folder, productionPackages})
  const last = stages.at(-1)!
  for (const path of [
    'app/src',
    'app/tsconfig.json',
    'app/node_modules/typescript',
    'app/node_modules/testcontainers',
  ]) {
    assert.ok(!existsSync(join(image, path)), `${path} has no place in the image`)
  }
  /** An exec form of the Dockerfile, with paths of the image. */
  const command = (form: string): string[] =>
    (JSON.parse(form.slice(form.indexOf('['))) as string[]).map(word =>
      word.startsWith('/') ? join(image, word) : word,
    )
  const {config} = await prepareCapture(t, {prefix: 'image'})
  const state = join(image, lastStep(last, 'WORKDIR'))
  assert.equal(lastStep(last, 'VOLUME'), lastStep(last, 'WORKDIR'))
  const token = 'image-token'
  const {'offset.storage.file.filename': _, ...rest} = config
  await writeFile(join(folder, 'tidemark.json'), JSON.stringify({...rest, 'http.token': token}))
  const [, ...words] = [...command(lastStep(last, 'ENTRYPOINT')), 'run', join(folder, 'tidemark.json')]
  const tidemark = OwnedProcess.start(process.execPath, words, {cwd: state, stderr: 'pipe'})
  onCleanUp(t, async () => {
    await tidemark.stop('SIGKILL')
  })
  const address = `http://${config['http.listen']}`
  const [, ...check] = command(lastStep(last, 'HEALTHCHECK'))
  const health = async (question: string, given = token): Promise<string> => {
    const env = {...process.env, TIDEMARK_HTTP: address, TIDEMARK_HTTP_TOKEN: given}
    return (await promisify(execFile)(process.execPath, [...check.slice(0, -1), question], {env})).stdout
  }
  assert.equal(check.at(-1), 'live')
  await eventually(
    {what: 'a container that is ready', timeoutMs: 60_000},
    async () => await health('ready').catch(() => undefined),
  )
  assert.match(await health('live'), /^200 /)
  await assert.rejects(health('live', 'another'), {code: 1})
  assert.deepEqual(await tidemark.stop(lastStep(last, 'STOPSIGNAL') as NodeJS.Signals), {code: 0, signal: null})
  await assert.rejects(health('live'), {code: 1})
  assert.ok(existsSync(join(state, `${config['name']}.state`)), 'the state is not in the volume')
})
