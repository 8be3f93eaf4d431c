// A real Chromium, driven by the DevTools protocol over its pipe: JSON with a NUL behind each message.

import {spawn} from 'node:child_process'
import type {ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import type {Readable, Writable} from 'node:stream'
import {provideChromiumPackage} from '../../tools/servers/chromium-package.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {onCleanUp} from './clean-up.ts'
import type {CleanUpContext} from './clean-up.ts'
import {tempFolder} from './temp-folder.ts'

type Params = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Params
  readonly sessionId?: string
  readonly result?: Params
  readonly error?: {readonly message: string}
}

const FLAGS = [
  '--headless=new',
  '--remote-debugging-pipe',
  '--no-sandbox', // Its sandbox needs what containers do not give; it only ever shows our own page.
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
]

/** An open tab of a browser of its own; both end with the test. */
export async function openChromium(t: CleanUpContext): Promise<BrowserTab> {
  const {program, env} = await provideChromiumPackage()
  const profile = await tempFolder(t)
  // The browser ends by itself when the pipe does: also where we are killed.
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  onCleanUp(t, async () => {
    child.kill('SIGKILL')
    await ended
  })
  const connection = new Connection(child)
  const {targetInfos} = (await connection.send('Target.getTargets')) as {
    targetInfos: {targetId: string; type: string}[]
  }
  const targetId = targetInfos.find(({type}) => type === 'page')!.targetId
  const {sessionId} = (await connection.send('Target.attachToTarget', {targetId, flatten: true})) as {sessionId: string}
  const tab = new BrowserTab(connection, sessionId)
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await tab.send(`${domain}.enable`)
  return tab
}

class Connection {
  readonly #out: Writable
  readonly #waiting = new Map<number, {resolve: (result: Params) => void; reject: (error: Error) => void}>()
  readonly #listeners: ((message: Message) => void)[] = []
  #id = 0
  #rest = ''
  #said = ''
  #end: string | null = null

  constructor(child: ChildProcess) {
    this.#out = child.stdio[3] as Writable
    this.#out.on('error', () => undefined)
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-2000)))
    child.once('error', error => this.#fail(`Chromium cannot be run: ${error.message}`))
    child.once('close', code => this.#fail(`Chromium ended with ${String(code)}: ${this.#said}`))
    const input = child.stdio[4] as Readable
    input.setEncoding('utf8').on('data', (text: string) => {
      const parts = (this.#rest + text).split('\0')
      this.#rest = parts.pop() ?? ''
      for (const part of parts) this.#take(JSON.parse(part) as Message)
    })
  }

  async send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    if (this.#end !== null) throw new Error(this.#end)
    const id = ++this.#id
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        resolve,
        reject: error => reject(new Error(`${method}: ${error.message}`, {cause: error})),
      })
      this.#out.write(`${JSON.stringify({id, method, params, ...(sessionId === undefined ? {} : {sessionId})})}\0`)
    })
  }

  onEvent(listener: (message: Message) => void): void {
    this.#listeners.push(listener)
  }

  #take(message: Message): void {
    const waiting = this.#waiting.get(message.id ?? -1)
    if (waiting === undefined) {
      for (const listener of this.#listeners) listener(message)
      return
    }
    this.#waiting.delete(message.id!)
    if (message.error === undefined) waiting.resolve(message.result ?? {})
    else waiting.reject(new Error(message.error.message))
  }

  #fail(why: string): void {
    this.#end ??= why
    for (const {reject} of this.#waiting.values()) reject(new Error(this.#end))
    this.#waiting.clear()
  }
}

/** Key events as a keyboard makes them. */
const KEYS: Readonly<Record<string, {code: string; keyCode: number; text?: string}>> = {
  Tab: {code: 'Tab', keyCode: 9},
  Enter: {code: 'Enter', keyCode: 13, text: '\r'},
  Escape: {code: 'Escape', keyCode: 27},
  ' ': {code: 'Space', keyCode: 32, text: ' '},
}

export class BrowserTab {
  /** Every address that was asked for. */
  readonly requests: string[] = []
  /** What the console shows as errors and warnings, refusals of the content security policy among them. */
  readonly complaints: string[] = []
  readonly #connection: Connection
  readonly #session: string

  constructor(connection: Connection, session: string) {
    this.#connection = connection
    this.#session = session
    connection.onEvent(message => this.#note(message))
  }

  async send(method: string, params: Params = {}): Promise<Params> {
    return await this.#connection.send(method, params, this.#session)
  }

  async open(url: string): Promise<void> {
    const {errorText} = (await this.send('Page.navigate', {url})) as {errorText?: string}
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`)
  }

  /** The value of an expression in the page. Throws what it throws there. */
  async evaluate<T>(expression: string): Promise<T> {
    const {result, exceptionDetails} = (await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as {result: {value: T}; exceptionDetails?: {text: string; exception?: {description?: string}}}
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`)
    }
    return result.value
  }

  /** Until the expression gives something that is neither false, null nor empty. */
  async until<T>(what: string, expression: string, timeoutMs = 60_000): Promise<T> {
    return await eventually({what, timeoutMs}, async () => {
      const value = await this.evaluate<T | false | null | ''>(expression)
      return value === false || value === null || value === '' ? undefined : value
    })
  }

  async press(key: string): Promise<void> {
    const known = KEYS[key]!
    const event = {key, code: known.code, windowsVirtualKeyCode: known.keyCode}
    const text = known.text === undefined ? {} : {text: known.text}
    await this.send('Input.dispatchKeyEvent', {
      type: known.text === undefined ? 'rawKeyDown' : 'keyDown',
      ...event,
      ...text,
    })
    await this.send('Input.dispatchKeyEvent', {type: 'keyUp', ...event})
  }

  async type(text: string): Promise<void> {
    await this.send('Input.insertText', {text})
  }

  /** Presses Tab until an element is focused that matches the selector. */
  async tabTo(selector: string): Promise<void> {
    for (let step = 0; step < 60; step++) {
      if (await this.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
      await this.press('Tab')
    }
    throw new Error(`no way by the Tab key to ${selector}`)
  }

  async picture(): Promise<Buffer> {
    const {data} = (await this.send('Page.captureScreenshot', {format: 'png', captureBeyondViewport: true})) as {
      data: string
    }
    return Buffer.from(data, 'base64')
  }

  #note({method, params, sessionId}: Message): void {
    if (sessionId !== this.#session) return
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params as {request: {url: string}}).request.url)
    } else if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(JSON.stringify((params as {exceptionDetails: unknown}).exceptionDetails))
    } else if (method === 'Log.entryAdded') {
      const {entry} = params as {entry: {level: string; text: string; url?: string}}
      if (entry.level !== 'info' && entry.level !== 'verbose') this.complaints.push(`${entry.text} ${entry.url ?? ''}`)
    } else if (method === 'Runtime.consoleAPICalled') {
      const {type, args} = params as {type: string; args: unknown}
      if (type === 'error' || type === 'warning') this.complaints.push(JSON.stringify(args))
    }
  }
}
