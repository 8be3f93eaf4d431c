// Notifications as a consumer of their topic sees them: each snapshot begins once and ends once, each signal has one
// receipt, and what a crash repeats is the very same.

import {isActive} from '../../src/snapshot/snapshot-plan.ts'
import type {Notification} from '../../src/notifications/notification.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import {promise} from './broken-promise.ts'

export const NOTIFICATION_TOPIC = 'notifications'
const ENDS = ['COMPLETED', 'ABORTED', 'FAILED']
const RECEIPTS = ['ACCEPTED', 'REJECTED', 'IGNORED']

export class NotificationJudge {
  /** Different texts by id and kind, in the order in which they came first. */
  readonly #told = new Map<string, string[]>()

  landed(text: string): void {
    const {id, type, aggregate_type, additional_data} = JSON.parse(text) as Notification
    if (additional_data['reason'] === 'this very signal was received before') return
    const kind = ENDS.includes(type) ? 'end' : RECEIPTS.includes(type) ? 'receipt' : type
    const told = this.#told.get(`${id} ${kind}`) ?? []
    this.#told.set(`${id} ${kind}`, told)
    if (told.includes(text)) return
    // A snapshot that failed goes on with resume-snapshot, and ends once more.
    const mayFollow = told.every(each => (JSON.parse(each) as Notification).type === 'FAILED')
    const isOnce = kind === 'end' || kind === 'receipt' || kind === 'STARTED'
    promise(!isOnce || mayFollow, () => `${aggregate_type} ${id}: ${type} comes after ${told.at(-1) ?? ''}`)
    promise(kind !== 'end' || this.#has(id, 'STARTED'), () => `${aggregate_type} ${id}: ${type} without STARTED`)
    told.push(text)
  }

  ended(checkpoint: Checkpoint, answered: ReadonlyMap<string, string>): void {
    promise((checkpoint.notifications ?? []).length === 0, () => 'notifications are left at the end')
    for (const plan of checkpoint.snapshots) {
      promise(isActive(plan) || this.#has(plan.id, 'end'), () => `nobody was told that ${plan.id} is ${plan.state}`)
    }
    for (const [signal, result] of answered) {
      promise(this.#has(signal, 'receipt'), () => `nobody was told that ${signal} was ${result}`)
    }
  }

  #has(id: string, kind: string): boolean {
    return this.#told.has(`${id} ${kind}`)
  }
}
