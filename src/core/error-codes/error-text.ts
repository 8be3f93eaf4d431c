// What the documents say about an error code.

export interface ErrorText {
  /** How it comes about, for somebody who has read the message and wants to know more. */
  readonly cause: string
  /** What to do, or that nothing need be done. */
  readonly cure: string
}

/** By code, `TIDEMARK_<AREA>_<WHAT>`. */
export type ErrorTexts = Readonly<Record<string, ErrorText>>
