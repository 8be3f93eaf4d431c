// Child processes that never outlive us, not even when we are killed with SIGKILL.

import {spawn, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import type {Socket} from 'node:net'
import type {Readable} from 'node:stream'

export interface OwnedProcessOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** File descriptors for standard output and error; `pipe` gives streams. */
  readonly stdout?: number | 'pipe' | 'ignore'
  readonly stderr?: number | 'pipe' | 'ignore'
  /** Does not keep us running: we may end while it runs, and it ends with us. */
  readonly unref?: boolean
  /** A directory to remove when we die without having removed it. */
  readonly removeWhenOrphaned?: string
}

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

// The shell becomes the command, so that the child's pid is the command's and that of its group. Before, it leaves a watchdog
// behind that reads the lifeline: a pipe (descriptor 3) whose other end only we hold. We write a line when the command has
// ended; the end of the pipe without one means that we are gone. The whole group is told, then the command is killed.
const watchdog = `
( trap '' TERM; read -r line <&3 || { kill -TERM -$$; sleep 1; kill -KILL $$; [ -z "$0" ] || rm -rf -- "$0"; }
) </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-`

/** A child in a process group of its own: Ctrl-C at a terminal reaches us alone, and we decide what becomes of it. */
export class OwnedProcess {
  readonly pid: number
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<ProcessEnd>
  readonly #child: ChildProcess
  #end: ProcessEnd | null = null

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    this.stdout = child.stdout
    this.stderr = child.stderr
    this.ended = this.#watch()
  }

  static start(command: string, args: readonly string[], options: OwnedProcessOptions = {}): OwnedProcess {
    const child = spawn('sh', ['-c', watchdog, options.removeWhenOrphaned ?? '', command, ...args], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: ['ignore', options.stdout ?? 'ignore', options.stderr ?? 'ignore', 'pipe'],
    })
    if (child.pid === undefined) throw new Error(`cannot start a shell to run ${command}`)
    if (options.unref === true) {
      child.unref()
      ;(child.stdio[3] as Socket).unref()
    }
    return new OwnedProcess(child, child.pid)
  }

  get end(): ProcessEnd | null {
    return this.#end
  }

  /** Sends the signal; nothing where the process has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.#end === null) this.#child.kill(name)
  }

  /** Sends the signal and waits for the end; SIGKILL after `patienceMs`. */
  async stop(name: NodeJS.Signals, patienceMs = 30_000): Promise<ProcessEnd> {
    this.signal(name)
    const timer = setTimeout(() => {
      this.signal('SIGKILL')
    }, patienceMs)
    try {
      return await this.ended
    } finally {
      clearTimeout(timer)
    }
  }

  async #watch(): Promise<ProcessEnd> {
    const lifeline = this.#child.stdio[3] as Socket
    lifeline.on('error', () => undefined) // The watchdog may be gone already, as after a signal to the whole group.
    const closed = once(this.#child, 'close')
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null]
    this.#end = {code, signal}
    lifeline.end('ended\n')
    await closed
    return this.#end
  }
}
