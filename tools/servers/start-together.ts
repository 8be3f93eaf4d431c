import {messageOf, ServersError} from './servers-error.ts'

interface Stoppable {
  stop(): Promise<void>
}

/** Both servers, started side by side; where one fails, the other is stopped before the failure is passed on. */
export async function startTogether<A extends Stoppable, B extends Stoppable>(
  a: Promise<A>,
  b: Promise<B>,
): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b])
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value]
  if (first.status === 'fulfilled') await first.value.stop()
  if (second.status === 'fulfilled') await second.value.stop()
  const reasons: unknown[] = []
  for (const result of [first, second]) if (result.status === 'rejected') reasons.push(result.reason)
  if (reasons.length === 1 || !reasons.every(reason => reason instanceof ServersError)) throw reasons[0]
  throw new ServersError(reasons.map(messageOf).join('\n'), {cause: new AggregateError(reasons)})
}
