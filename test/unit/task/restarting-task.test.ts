import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {TableChanges} from '../../../src/task/captured-tables.ts'
import type {StatusReport} from '../../../src/task/status.ts'
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
      metrics: () => assert.fail(),
      metricsPage: () => assert.fail(),
      submitSignal: () => assert.fail(),
      throttle: () => assert.fail(),
      stop: () => assert.fail(),
      pause: () => assert.fail(),
      isPaused: false,
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

function settled<T>(): {promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void} {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined]
  const promise = new Promise<T>((done, failed) => ([resolve, reject] = [done, failed]))
  return {promise, resolve, reject}
}

/** A task that runs until it is told to stop or fails; `fail` ends it. */
function steered(name: string) {
  const ended = settled<void>()
  const begun = settled<TableChanges>()
  let isPaused = false
  const task: RunnableTask = {
    status: () => ({name}) as StatusReport,
    metrics: () => assert.fail(),
    metricsPage: () => assert.fail(),
    submitSignal: () => assert.fail(),
    throttle: () => assert.fail(),
    run: () => ended.promise,
    stop: () => ended.resolve(),
    pause: () => {
      isPaused = true
      ended.resolve()
    },
    get isPaused() {
      return isPaused
    },
    begun: begun.promise,
    serverUuid: null,
  }
  return {task, begin: () => begun.resolve(NO_CHANGES), fail: (error: Error) => ended.reject(error)}
}

const NO_CHANGES: TableChanges = {added: [], returned: [], left: [], copied: []}

test('a change ends the task in good order, and another one begins in its place', async () => {
  const [one, two] = [steered('one'), steered('two')]
  const stopping = new AbortController()
  const task = new RestartingTask({create: () => one.task, log: quietLog, signal: stopping.signal})
  const running = task.run()
  const changed = task.change(isRestart => {
    assert.equal(isRestart, true)
    return two.task
  })
  two.begin()
  assert.deepEqual(await changed, NO_CHANGES)
  assert.equal(task.status().name, 'two')
  two.fail(new TidemarkError('TIDEMARK_X', 'later'))
  await assert.rejects(running, {code: 'TIDEMARK_X'})
})

test('a change that cannot begin gives way to the task of before', async () => {
  const [one, two, again] = [steered('one'), steered('two'), steered('again')]
  const before = [one, again]
  const task = new RestartingTask({
    create: () => before.shift()!.task,
    log: quietLog,
    signal: new AbortController().signal,
  })
  const running = task.run()
  const changed = task.change(() => two.task)
  two.fail(new TidemarkError('TIDEMARK_X', 'cannot'))
  await assert.rejects(changed, {code: 'TIDEMARK_X'})
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(task.status().name, 'again')
  again.task.stop()
  await running
})

const soon = async (): Promise<void> => await new Promise(resolve => setImmediate(resolve))

/** The tasks take each other's place; noted is which were told to go on although their state says paused. */
function inTurn(names: readonly string[]) {
  const tasks = names.map(steered)
  const resumes: boolean[] = []
  const stopping = new AbortController()
  let next = 0
  const create = (_isRestart: boolean, isResumed = false): RunnableTask => {
    resumes.push(isResumed)
    return tasks[next++]!.task
  }
  const task = new RestartingTask({create, log: quietLog, signal: stopping.signal})
  return {task, tasks, resumes, stopping, running: task.run()}
}

test('a task that is paused begins again only when it is resumed, and then although its state says paused', async () => {
  const {task, tasks, resumes, running} = inTurn(['one', 'two'])
  task.pause()
  task.pause()
  await soon()
  assert.deepEqual([task.status().name, task.isPaused], ['one', true])
  task.restart()
  await soon()
  assert.equal(task.isPaused, true, 'a restart is no resume')
  task.resume()
  await soon()
  assert.deepEqual([task.status().name, task.isPaused, resumes], ['two', false, [false, true]])
  tasks[1]!.task.stop()
  await running
})

test('a task that finds itself paused in its state waits, and ends when the process is to end', async () => {
  const {task, tasks, stopping, running} = inTurn(['one'])
  tasks[0]!.task.pause()
  await soon()
  assert.equal(task.isPaused, true)
  stopping.abort()
  await running
})

test('a task that is restarted ends in good order and begins again', async () => {
  const {task, tasks, running} = inTurn(['one', 'two'])
  task.restart()
  assert.equal(task.isRestarting, true)
  await soon()
  assert.deepEqual([task.status().name, task.isRestarting], ['two', false])
  tasks[1]!.task.stop()
  await running
})

test('a change during a pause is taken at once, and holds from the resume on', async () => {
  const {task, running} = inTurn(['one'])
  const changed = steered('changed')
  task.pause()
  await soon()
  assert.deepEqual(await task.change(() => changed.task), NO_CHANGES)
  assert.equal(task.isPaused, true)
  task.resume()
  await soon()
  assert.equal(task.status().name, 'changed')
  changed.task.stop()
  await running
})
