// The page at `/` in a real Chromium, beside a real task: one of each for all tests, but where the task needs a token.

import assert from 'node:assert/strict'
import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {after, before, beforeEach, test} from 'node:test'
import {projectRoot} from '../../tools/servers/server-paths.ts'
import {numberedTable, prepareCapture, type Capture} from '../support/capture.ts'
import type {CleanUpContext} from '../support/clean-up.ts'
import {openChromium, type BrowserTab} from '../support/chromium.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {tidemarkConfig} from '../support/tidemark-config.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

interface Scene {
  readonly capture: Capture
  readonly tidemark: TidemarkProcess
  readonly tab: BrowserTab
}

const PHONE = {width: 320, height: 640, deviceScaleFactor: 2, mobile: true}

let all: Scene
let undo: () => Promise<void> = () => Promise.resolve()
/** What the tests share ends behind the last of them. */
const file: CleanUpContext = {
  after: fn => {
    undo = fn as typeof undo
  },
}
after(async () => await undo())

/** A task with a table that takes half a minute to copy, and a tab before the page is opened. */
before(async () => {
  const capture = await prepareCapture(file, {prefix: 'page', config: {'incremental.snapshot.chunk.size': '50'}})
  await capture.connection.query(`SET SESSION cte_max_recursion_depth = 10000; ${numberedTable('orders', 6000)}`)
  const [tidemark, tab] = await Promise.all([capture.run(file), openChromium(file)])
  await tidemark.waitForStreaming()
  all = {capture, tidemark, tab}
})

beforeEach(async () => {
  const {tab} = all
  tab.requests.length = 0
  tab.complaints.length = 0
  await tab.send('Emulation.clearDeviceMetricsOverride')
  await tab.send('Emulation.setEmulatedMedia', {features: []})
})

async function throttle({tidemark}: Scene, maxRowsPerSecond: number | null): Promise<void> {
  const response = await fetch(`${tidemark.url}/snapshot/throttle`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({maxRowsPerSecond}),
  })
  assert.equal(response.status, 200, await response.text())
}

const TEXT_OF = (id: string): string => `document.getElementById('${id}').textContent`
const LIVE = `${TEXT_OF('connection')} === 'Live.' && !document.getElementById('task').hidden`
const PERCENT = `Number(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow') ?? -1)`

async function keepPicture(tab: BrowserTab, name: string): Promise<void> {
  const folder = join(projectRoot(), 'build', 'artefacts')
  await mkdir(folder, {recursive: true})
  await writeFile(join(folder, `page-${name}.png`), await tab.picture())
}

/** Nothing but the task's own address was asked for, and the browser had nothing to complain about. */
function assertClean({tab, tidemark}: Scene): void {
  assert.deepEqual(
    tab.requests.filter(url => !url.startsWith(`${tidemark.url}/`)),
    [],
  )
  assert.equal(tab.complaints.join('\n'), '')
}

test('a copy is started, watched, paused, resumed and stopped by keyboard alone', async () => {
  const {capture, tidemark, tab} = all
  await throttle(all, 200)
  await tab.open(`${tidemark.url}/`)
  await tab.until('the page to be live', LIVE)

  await tab.tabTo('#start-tables')
  await tab.type(`${capture.database.name}.orders`)
  await tab.tabTo('#start-condition')
  await tab.type('id > 10')
  await tab.tabTo('#start')
  await tab.press('Enter')
  assert.equal(await tab.until('an answer', `${TEXT_OF('answer')}.includes('accepted')`), true)
  const first = await tab.until<number>('a bar with rows', `${PERCENT} > 0 ? ${PERCENT} : null`)
  await tab.until('the bar to move', `${PERCENT} > ${first}`)
  assert.match(await tab.evaluate(`document.querySelector('#tables').textContent`), /orders running.*rows\/s/s)
  assert.ok((await tab.evaluate<number>(`document.querySelector('.fill').getBoundingClientRect().width`)) > 0)
  await keepPicture(tab, 'light')

  await tab.tabTo('#pause')
  const outline = await tab.evaluate<string>(`getComputedStyle(document.activeElement).outlineStyle`)
  assert.equal(outline, 'solid', 'the focus is seen')
  await tab.press(' ')
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'paused')
  await tab.until('the table to be paused', `document.querySelector('#tables .badge').textContent === 'paused'`)
  assert.equal(await tab.evaluate('document.activeElement.id'), 'pause', 'the focus stays')

  await tab.tabTo('#resume')
  await tab.press('Enter')
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'running')
  await tab.until('the bar to move on', `${PERCENT} > ${await tab.evaluate<number>(PERCENT)}`)

  await tab.tabTo('#tables button')
  await tab.press('Enter')
  await tab.until('the question', `document.getElementById('confirm').open`)
  assert.equal(await tab.evaluate('document.activeElement.id'), 'confirm-no', 'Enter alone stops nothing')
  await tab.press('Enter')
  assert.equal(await tab.evaluate(`document.getElementById('confirm').open`), false)
  assert.equal((await tidemark.status()).snapshot.state, 'running')
  await tab.tabTo('#tables button')
  await tab.press('Enter')
  await tab.tabTo('#confirm-yes')
  await tab.press('Enter')
  await tab.until('the table to be stopped', `document.querySelector('#tables .badge').textContent === 'stopped'`)
  const {snapshot} = await tidemark.status()
  assert.deepEqual([snapshot.state, snapshot.tables.at(-1)?.state], ['idle', 'stopped'])
  assertClean(all)
})

test('on a phone nothing is wider than the screen, in the dark the colours are dark, and the charts have a line', async () => {
  const {capture, tidemark, tab} = all
  const name = `${capture.database.name}.orders`
  await throttle(all, 500)
  await capture.snapshot(['orders'])
  await tab.send('Emulation.setDeviceMetricsOverride', PHONE)
  await tab.open(`${tidemark.url}/`)
  await tab.until('a bar', `${PERCENT} >= 0`)
  // Those of before the page was opened, too.
  await tab.until('charts of two samples', `document.querySelector('polyline')?.getAttribute('points').includes(' ')`)
  const widest = `Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *')].map(
    each => Math.ceil(each.getBoundingClientRect().right)))`
  assert.ok((await tab.evaluate<number>(widest)) <= PHONE.width, `${await tab.evaluate<number>(widest)} px wide`)
  const brightness = async (property: string): Promise<number> => {
    const colour = await tab.evaluate<string>(`getComputedStyle(document.body).${property}`)
    return (colour.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3
  }
  await tab.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: 'light'}]})
  assert.ok((await brightness('backgroundColor')) > 200 && (await brightness('color')) < 80, 'light')
  await tab.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: 'dark'}]})
  assert.ok((await brightness('backgroundColor')) < 60 && (await brightness('color')) > 200, 'dark')
  await keepPicture(tab, 'dark-phone')
  const {nodes} = (await tab.send('Accessibility.getFullAXTree')) as {
    nodes: {role?: {value: string}; name?: {value: string}}[]
  }
  const named = (role: string): string[] =>
    nodes.filter(node => node.role?.value === role).map(node => node.name?.value ?? '')
  assert.deepEqual(named('progressbar'), [`copy of ${name}`])
  for (const role of ['button', 'textbox']) assert.ok(named(role).length > 0 && !named(role).includes(''), role)
  assertClean(all)
})

test('the token is asked for, kept in the tab alone, and a wrong one is told', async t => {
  const {capture, tab} = all
  const folder = await tempFolder(t)
  const config = await tidemarkConfig({database: capture.database, folder, config: {'http.token': 'geheim-4711'}})
  const tidemark = await runTidemark(t, {config, folder})
  await tidemark.waitForLog('HTTP interface listening')
  await tab.open(`${tidemark.url}/`)
  await tab.until('the question for the token', `document.activeElement.id === 'token'`)
  assert.equal(await tab.evaluate(`document.getElementById('task').hidden`), true)
  await tab.type('falsch')
  await tab.press('Enter')
  await tab.until('the refusal', `${TEXT_OF('connection')}.includes('does not take')`)
  await tab.type('geheim-4711')
  await tab.press('Enter')
  await tab.until('the page to be live', LIVE)
  assert.deepEqual(
    await tab.evaluate(`[JSON.stringify(localStorage), document.cookie, Object.values(sessionStorage).join()]`),
    ['{}', '', 'geheim-4711'],
  )
  assert.doesNotMatch(tab.requests.join('\n'), /geheim/)
  // The browser itself says of each answer 401 that it is one.
  const others = tab.complaints.filter(text => !text.includes('401'))
  assert.deepEqual(others, [])
})

test('a script or a style that is not the page’s own is refused by its policy, and names of tables are only text', async () => {
  const {capture, tidemark, tab} = all
  const evil = '<img src=x onerror=alert(1)>'
  await capture.connection.query(`CREATE TABLE \`${evil}\` (id INT PRIMARY KEY); INSERT INTO \`${evil}\` VALUES (1)`)
  await capture.signal('execute-snapshot', {'data-collections': [`${capture.database.name}\\.<img.*>`]})
  await tab.open(`${tidemark.url}/`)
  await tab.until('the table', `document.querySelector('#tables')?.textContent.includes('<img src=x onerror')`)
  assert.equal(await tab.evaluate(`document.querySelectorAll('img').length`), 0)
  assert.equal(tab.complaints.join('\n'), '')
  await tab.evaluate(`{
    const script = document.createElement('script')
    script.textContent = 'window.wasRun = true'
    document.body.append(script)
    document.body.insertAdjacentHTML('beforeend', '<p style="color: red" onclick="window.wasRun = true">x</p>')
    document.body.lastElementChild.click()
  }`)
  const foreign = `fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')`
  assert.equal(await tab.evaluate(foreign), 'refused')
  assert.equal(await tab.evaluate('window.wasRun ?? null'), null)
  assert.ok(
    tab.complaints.filter(text => text.includes('Content Security Policy')).length >= 3,
    tab.complaints.join('\n'),
  )
})

test('a paused task says so, takes no copy, and is resumed by keyboard', async () => {
  const {capture, tidemark, tab} = all
  await tab.open(`${tidemark.url}/`)
  await tab.until('the page to be live', LIVE)
  assert.equal(await tab.evaluate(`document.getElementById('paused').hidden`), true)
  await fetch(`${tidemark.url}/connectors/${capture.database.name}/pause`, {method: 'PUT'})
  await tab.until('the notice', `!document.getElementById('paused').hidden`)
  assert.match(await tab.evaluate(TEXT_OF('facts')), /not streaming \(paused\)/)
  assert.equal(await tab.evaluate(`document.getElementById('start').getAttribute('aria-disabled')`), 'true')
  await keepPicture(tab, 'paused')
  await tab.tabTo('#resume-task')
  await tab.press('Enter')
  await tab.until('the notice to be gone', `document.getElementById('paused').hidden`)
  await tidemark.waitForStreaming()
  assertClean(all)
})

test('when the task ends the page says so, and when it is back goes on by itself', async t => {
  const {capture, tidemark, tab} = all
  await tab.open(`${tidemark.url}/`)
  await tab.until('the page to be live', LIVE)
  await tidemark.stop()
  await tab.until('that it is away', `${TEXT_OF('connection')}.startsWith('Not connected')`)
  assert.equal(await tab.evaluate(`document.getElementById('task').hidden`), false, 'what was known stays')
  await capture.run(t)
  await tab.until('the page to be live again', LIVE)
})
