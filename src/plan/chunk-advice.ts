// How many rows a chunk should have; pure.

/** Chunks below are dear in round trips and marks, chunks above in memory and in what is read again after a loss. */
export const LEAST_CHUNK_ROWS = 1_024
export const MOST_CHUNK_ROWS = 8_192

export interface ChunkAdvice {
  readonly rows: number
  /** What the formula gives before it is held between the bounds. */
  readonly unbounded: number
}

/** (memory for a chunk in MB) / (average row in KB) × 1024, held between the bounds. */
export function adviseChunk(memoryMb: number, rowBytes: number): ChunkAdvice {
  const rowKb = Math.max(1, rowBytes) / 1024
  const unbounded = Math.max(1, Math.floor((memoryMb / rowKb) * 1024))
  return {rows: Math.min(MOST_CHUNK_ROWS, Math.max(LEAST_CHUNK_ROWS, unbounded)), unbounded}
}
