// How an error ends the process; scripts rely on these numbers.

import {TidemarkError} from '../core/tidemark-error.ts'

export const EXIT_CLEAN = 0
export const EXIT_FAILURE = 1
export const EXIT_CONFIGURATION = 2
export const EXIT_PREREQUISITE = 3

/** 2 for wrong usage or configuration, 3 for a prerequisite that is not met, 1 for everything else. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TidemarkError)) return EXIT_FAILURE
  if (error.kind === 'configuration') return EXIT_CONFIGURATION
  if (error.kind === 'prerequisite') return EXIT_PREREQUISITE
  return EXIT_FAILURE
}
