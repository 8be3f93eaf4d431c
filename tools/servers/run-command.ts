// A command to its end, with an error that shows what it said.

import {spawn, type ChildProcess} from 'node:child_process'
import {ServersError} from './servers-error.ts'

export interface CommandOptions {
  readonly cwd?: string
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
}

// Whoever ends us ends them, too: a download goes on for minutes otherwise.
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill()
})

/** Standard output of the command. Rejects with the last lines of its output where it fails. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe'})
    running.add(child)
    const output: Buffer[] = []
    const all: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk)
      all.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => all.push(chunk))
    child.on('error', cause => {
      running.delete(child)
      reject(new ServersError(`cannot run ${command}: ${cause.message}`, {cause}))
    })
    child.on('close', (code, signal) => {
      running.delete(child)
      if (code === 0) {
        resolve(Buffer.concat(output).toString())
        return
      }
      const said = lastLines(Buffer.concat(all).toString(), 8)
      const end = signal === null ? `ended with ${String(code)}` : `was ended by ${signal}`
      reject(new ServersError(`\`${[command, ...args].join(' ').slice(0, 200)}\` ${end}:\n${said}`))
    })
    child.stdin.on('error', () => undefined) // A command that does not read its input says why by its exit code.
    child.stdin.end(options.input ?? '')
  })
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
