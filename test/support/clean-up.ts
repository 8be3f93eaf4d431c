// What a test must undo, in the reverse order of its doing: a task stops before its database goes.

import type {TestContext} from 'node:test'

/** The part of a test's context that support needs; suites' hooks have it, too. */
export type CleanUpContext = Pick<TestContext, 'after'>

const pending = new WeakMap<CleanUpContext, (() => Promise<void>)[]>()

/** Runs `undo` after the test, before everything that was registered earlier. */
export function onCleanUp(t: CleanUpContext, undo: () => Promise<void>): void {
  const known = pending.get(t)
  if (known !== undefined) {
    known.push(undo)
    return
  }
  const undos = [undo]
  pending.set(t, undos)
  t.after(async () => {
    const errors: unknown[] = []
    for (const step of undos.reverse()) await step().catch((error: unknown) => errors.push(error))
    if (errors.length > 0) throw new AggregateError(errors, 'clean-up failed')
  })
}
