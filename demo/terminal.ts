// How the demo talks: numbered steps with plain lines below them; colours only on a terminal.

import type {WriteStream} from 'node:tty'

const INDENT = '  '

export class Terminal {
  readonly isTerminal: boolean
  readonly out: NodeJS.WritableStream
  readonly #colours: boolean
  readonly #steps: number
  #step = 0
  isSilent = false

  constructor(out: WriteStream, steps: number, noColour: boolean) {
    this.out = out
    this.isTerminal = out.isTTY
    this.#colours = out.isTTY && !noColour
    this.#steps = steps
  }

  /** What is still told after an interruption is of no interest. */
  silence(): void {
    this.isSilent = true
  }

  title(text: string): void {
    this.#write(this.#styled('1', text))
  }

  /** Opens the next step. */
  step(text: string): void {
    this.#step++
    this.#write(`\n${this.#styled('1;36', `[${this.#step}/${this.#steps}]`)} ${this.#styled('1', text)}`)
  }

  /** Lines below the step. */
  line(text: string): void {
    this.#write(text.replaceAll(/^/gm, INDENT))
  }

  /** What was run or inserted, so that a watcher learns it. */
  command(text: string): void {
    this.#write(this.#styled('33', text.replaceAll(/^/gm, INDENT)))
  }

  success(text: string): void {
    this.#write(this.#styled('32', text.replaceAll(/^/gm, INDENT)))
  }

  #write(text: string): void {
    if (!this.isSilent) this.out.write(`${text}\n`)
  }

  #styled(style: string, text: string): string {
    return this.#colours ? `\x1b[${style}m${text}\x1b[0m` : text
  }
}

export function withCommas(number: number): string {
  return Math.round(number).toLocaleString('en')
}

export function secondsText(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
