// zstd streams for tests, of the two kinds of blocks that need no encoder: bytes as they are, and one byte many times.

export interface FrameOptions {
  /** Content of one block, at most 128 KB. */
  readonly blockBytes?: number
  /** A window of 2 ** windowLog bytes, and no size in the head. Without: one segment, whose size is in the head. */
  readonly windowLog?: number
  readonly checksum?: boolean
}

/** One frame that holds `content`. The checksum behind it is never looked at. */
export function zstdFrame(
  content: Buffer,
  {blockBytes = 128 * 1024, windowLog, checksum = false}: FrameOptions = {},
): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd])]
  const checksumFlag = checksum ? 0x04 : 0
  if (windowLog === undefined) {
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(content.length))
    parts.push(Buffer.from([0xe0 | checksumFlag]), size)
  } else {
    parts.push(Buffer.from([checksumFlag, (windowLog - 10) << 3]))
  }
  let at = 0
  do {
    const block = content.subarray(at, at + blockBytes)
    at += block.length
    const isRepeated = block.length > 0 && block.every(byte => byte === block[0])
    const header = Buffer.alloc(3)
    header.writeUIntLE((block.length << 3) | (isRepeated ? 2 : 0) | (at === content.length ? 1 : 0), 0, 3)
    parts.push(header, isRepeated ? block.subarray(0, 1) : block)
  } while (at < content.length)
  if (checksum) parts.push(Buffer.alloc(4))
  return Buffer.concat(parts)
}
