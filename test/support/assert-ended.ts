import assert from 'node:assert/strict'
import type {TidemarkProcess} from './tidemark-process.ts'

/** The process ended with this code, its last line says why, and no stack trace stands in what it wrote. */
export async function assertEnded(
  tidemark: TidemarkProcess,
  {code, lastLine, alsoSaid = []}: {code: number; lastLine: RegExp; alsoSaid?: readonly RegExp[]},
): Promise<void> {
  const end = await tidemark.ended
  assert.deepEqual(end, {code, signal: null}, tidemark.stderr)
  const last = tidemark.log.at(-1)?.text ?? ''
  assert.match(last, /^tidemark: .+ \(TIDEMARK_[A-Z0-9_]+\)$/, tidemark.stderr)
  assert.match(last, lastLine, tidemark.stderr)
  for (const said of alsoSaid) assert.match(tidemark.stderr, said)
  assert.doesNotMatch(tidemark.stderr, /^\s+at .+:\d+:\d+\)?$/m, 'a stack trace')
  assert.doesNotMatch(tidemark.stderr, /internal error/)
}
