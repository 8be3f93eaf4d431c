// A promise of the product that a simulated run has broken.

export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

export function promise(holds: boolean, what: () => string): void {
  if (!holds) throw new BrokenPromise(what())
}
