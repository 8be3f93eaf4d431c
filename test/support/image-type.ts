// A column type whose values can be made at random, with what both entrances bring of them.

import type {ColumnShape} from '../../src/core/table-shape.ts'
import {prefixed, type ColumnLayout} from './encode-value.ts'
import type {SeededRandom} from './seeded-random.ts'

export interface ImageValue {
  readonly text: Buffer
  readonly image: Buffer
}

export interface ImageType {
  readonly name: string
  readonly column: ColumnShape
  readonly layout: ColumnLayout
  readonly value: (random: SeededRandom) => ImageValue
}

export const both = (text: string, image: Buffer): ImageValue => ({text: Buffer.from(text), image})
/** What is spelled alike on both entrances. */
export const same = (bytes: Buffer, prefixBytes: number): ImageValue => ({
  text: bytes,
  image: prefixed(bytes, prefixBytes),
})
