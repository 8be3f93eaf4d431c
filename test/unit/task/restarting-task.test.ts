import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {TRANSACTION_LOST} from '../../../src/sinks/kafka/kafka-transactions.ts'
import {RestartingTask, type RunnableTask} from '../../../src/task/restarting-task.ts'
import {quietLog} from '../../support/quiet-log.ts'

const lost = (): TidemarkError => new TidemarkError(TRANSACTION_LOST, 'lost')

/** A task whose runs end as the list says; notes which of its starts were told to be restarts. */
function taskOf(ends: (Error | null)[], signal = new AbortController().signal) {
  const starts: boolean[] = []
  const create = (isRestart: boolean): RunnableTask => {
    starts.push(isRestart)
    return {
      status: () => assert.fail(),
      metricsPage: () => assert.fail(),
      submitSignal: () => assert.fail(),
      throttle: () => assert.fail(),
      stop: () => assert.fail(),
      begun: new Promise(() => undefined),
      serverUuid: null,
      run: () => {
        const end = ends.shift() ?? null
        return end === null ? Promise.resolve() : Promise.reject(end)
      },
    }
  }
  return {task: new RestartingTask({create, log: quietLog, signal}), starts}
}

test('a lost transaction begins the task again, in a process that has owned the state', async () => {
  const {task, starts} = taskOf([lost(), lost(), null])
  await task.run()
  assert.deepEqual(starts, [false, true, true])
})

test('any other failure ends it, also that another process has taken over', async () => {
  const {task, starts} = taskOf([lost(), new TidemarkError('TIDEMARK_KAFKA_FENCED', 'fenced')])
  await assert.rejects(task.run(), {code: 'TIDEMARK_KAFKA_FENCED'})
  assert.deepEqual(starts, [false, true])
})

test('a task that is to stop does not begin again', async () => {
  const stopping = new AbortController()
  stopping.abort()
  const {task, starts} = taskOf([lost()], stopping.signal)
  await assert.rejects(task.run(), {code: TRANSACTION_LOST})
  assert.deepEqual(starts, [false])
})
