/** A step that failed for a reason which its message tells; everything else is a mistake of ours, and shows where. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}

/** Thrown through the story when somebody pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
