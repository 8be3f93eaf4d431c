// `node build/bench/values.js [TEXT…]`: what a value of each family costs on the value path, from both sides, and whether
// that is more than it may; only families whose name contains one of the texts. No server.
//
// The bytes of a value are those of the JSON that is written, quotes and escapes included, or of the text that the server prints
// for it, where that is longer (a DECIMAL of 65 digits that becomes a double of 17). Short values have fixed costs (the
// column's name, the NULL bit, the calls), so each family is compared with a plain varchar (utf8mb4, ASCII, nothing to escape)
// whose JSON is as long, value by value; the longer ones with an ordinary varchar of 40 characters, so that a vector of 64 numbers
// is not held against the speed of copying one long text. The ratio is that of the times for each byte. Rows have eight
// columns of one family. Both are measured in turn in one process, in its own CPU time, after all families have run, so that
// no call is compiled for one family only; shown is the median of the rounds, and of the rounds' ratios.

import {ByteWriter} from '../src/core/byte-writer.ts'
import {median} from './figures.ts'
import {COLUMNS, valueFamilies, varcharRows, type ValueFamily, type ValueRows} from './value-families.ts'

const ROUNDS = 7
/** CPU time of one measurement: far above the clock's steps, and short enough that a round of all families takes seconds. */
const MEASURED_NS = 1_500_000
const WARM_UP_ROWS = 1000
const PLAIN_LENGTHS = [1, 8, 20, 40, 200, 1000]
const ROOM = 4 * 1024 * 1024

type Side = 'select' | 'binlog'
const SIDES: readonly Side[] = ['select', 'binlog']

const out = new ByteWriter(ROOM)

interface Measured {
  readonly nsPerValue: number
  readonly ratio: number
}

/** Encodes `rows` rows; nanoseconds of CPU time for one value. */
function nsPerValue({encoder, packets, images}: ValueRows, side: Side, rows: number): number {
  const before = process.cpuUsage()
  for (let i = 0; i < rows; i++) {
    if (out.length > ROOM / 2) out.clear()
    if (side === 'select') {
      const packet = packets[i % packets.length]!
      encoder.encodeText(packet, 0, packet.length, out)
    } else {
      const image = images[i % images.length]!
      encoder.encodeImage(image, 0, image.length, null, out)
    }
  }
  const {user, system} = process.cpuUsage(before)
  return ((user + system) * 1000) / (rows * COLUMNS)
}

function rowsFor(rows: ValueRows, side: Side): number {
  const guess = nsPerValue(rows, side, 200)
  return Math.max(50, Math.min(20_000, Math.ceil(MEASURED_NS / (guess * COLUMNS))))
}

/** `bytes` of a value for each byte of the reference's. */
function measure(rows: ValueRows, reference: ValueRows, bytes: number, side: Side): Measured {
  const count = rowsFor(rows, side)
  const referenceCount = rowsFor(reference, side)
  const times: number[] = []
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const time = nsPerValue(rows, side, count)
    times.push(time)
    ratios.push(time / nsPerValue(reference, side, referenceCount) / bytes)
  }
  return {nsPerValue: median(times), ratio: median(ratios)}
}

function warmUp(families: readonly ValueFamily[]): void {
  for (const rows of families.flatMap(family => [family, family.varchar])) {
    for (const side of SIDES) nsPerValue(rows, side, WARM_UP_ROWS)
  }
}

function cells({nsPerValue: time, ratio}: Measured, bytes: number, limit: number): string {
  const over = ratio > limit ? ' *' : '  '
  return `${time.toFixed(0).padStart(8)} ${(time / bytes).toFixed(2).padStart(8)} ${ratio.toFixed(2).padStart(7)}${over}`
}

function main(wanted: readonly string[]): void {
  const families = [...valueFamilies(wanted)]
  warmUp(families)
  const title = `${'family'.padEnd(44)} ${'bytes'.padStart(6)}  ${'SELECT: ns'.padStart(8)} ${'ns/byte'.padStart(8)} ${'ratio'.padStart(7)}`
  console.log(`${title}     ${'binlog: ns'.padStart(8)} ${'ns/byte'.padStart(8)} ${'ratio'.padStart(7)}`)
  for (const length of PLAIN_LENGTHS) {
    const rows = varcharRows(['x'.repeat(length)])
    const line = SIDES.map(side => cells({...measure(rows, rows, 1, side), ratio: 1}, length + 2, 2))
    console.log(
      `${`plain varchar of ${length}`.padEnd(44)} ${(length + 2).toFixed(1).padStart(6)}  ${line.join('   ')}`,
    )
  }
  const over: string[] = []
  for (const family of families) {
    const {name, bytes, limit, varchar, varcharBytes} = family
    const measured = SIDES.map(side => measure(family, varchar, bytes / varcharBytes, side))
    const line = measured.map(each => cells(each, bytes, limit)).join('   ')
    console.log(`${name.padEnd(44)} ${bytes.toFixed(1).padStart(6)}  ${line}`)
    if (measured.some(({ratio}) => ratio > limit)) over.push(name)
  }
  console.log(
    `\nratio: time for each byte against a plain varchar of as many bytes, or of 40 characters; at most 2, of json, point and ` +
      `geometry 4. Medians of ${ROUNDS} rounds.\n${families.length} families, ${over.length} over (*)${over.length === 0 ? '' : `: ${over.join('; ')}`}`,
  )
}

main(process.argv.slice(2))
