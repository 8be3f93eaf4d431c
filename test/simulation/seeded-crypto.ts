// The product's random ids and keys in the hands of the seed, so that a run can be repeated to the last byte.

import crypto from 'node:crypto'
import {syncBuiltinESMExports} from 'node:module'
import {SeededRandom} from '../support/seeded-random.ts'

const {randomBytes, randomUUID} = crypto

/** Until the returned function is called, randomBytes and randomUUID give what the seed says. */
export function seedCrypto(seed: number): () => void {
  const random = new SeededRandom(seed)
  const bytes = (size: number): Buffer => Buffer.from(Array.from({length: size}, () => random.integer(0, 255)))
  const uuid = (): string =>
    bytes(16)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  replace({randomBytes: bytes, randomUUID: uuid})
  return () => replace({randomBytes, randomUUID})
}

function replace(functions: {randomBytes: unknown; randomUUID: unknown}): void {
  Object.assign(crypto, functions)
  // Whoever imported them by name gets the new ones, too.
  syncBuiltinESMExports()
}
