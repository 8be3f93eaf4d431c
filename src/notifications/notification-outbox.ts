// Notifications between what happened and the channels. What must not be lost is stored first, in the same checkpoint as
// what it tells of, then sent, and leaves the state when it is acknowledged. So a crash can neither lose one, nor have
// two that contradict each other; at most the very same one is sent again.

import type {Delivery, NotificationChannel} from './notification-channel.ts'
import type {Notification} from './notification.ts'

interface Entry {
  readonly notification: Notification
  /** Part of the state until it is acknowledged. */
  readonly isKept: boolean
  isStored: boolean
  deliveries: readonly Delivery[]
}

export class NotificationOutbox {
  readonly #channels: readonly NotificationChannel[]
  /** In order; an entry waits for those before it. */
  #waiting: Entry[] = []
  /** Kept, and on their way. */
  #sent: Entry[] = []
  /** Part of the state that is being saved. */
  #collected: readonly Entry[] = []
  #isOpen = false

  /** `unsent` are those of the stored state. */
  constructor(channels: readonly NotificationChannel[], unsent: readonly Notification[]) {
    this.#channels = channels
    for (const notification of unsent) this.add(notification, {isKept: true})
  }

  async open(): Promise<void> {
    for (const channel of this.#channels) await channel.open()
    this.#isOpen = true
    this.#send()
  }

  add(notification: Notification, {isKept}: {isKept: boolean}): void {
    this.#waiting.push({notification, isKept, isStored: false, deliveries: []})
    this.#send()
  }

  /** What the state to be saved now must hold. */
  collect(): Notification[] {
    this.#sent = this.#sent.filter(({deliveries}) => !deliveries.every(({acknowledged}) => acknowledged))
    this.#collected = [...this.#sent, ...this.#waiting.filter(({isKept}) => isKept)]
    return this.#collected.map(({notification}) => notification)
  }

  /** The state with what was collected last is durable. */
  saved(): void {
    for (const entry of this.#collected) entry.isStored = true
    this.#send()
  }

  /** True where something kept is not known to be acknowledged. */
  get isPending(): boolean {
    return this.#waiting.length > 0 || this.#sent.length > 0
  }

  #send(): void {
    if (!this.#isOpen) return
    const blocked = this.#waiting.findIndex(({isKept, isStored}) => isKept && !isStored)
    const due = this.#waiting.splice(0, blocked < 0 ? this.#waiting.length : blocked)
    if (due.length === 0) return
    for (const entry of due) {
      entry.deliveries = this.#channels.map(channel => channel.send(entry.notification))
      if (entry.isKept) this.#sent.push(entry)
    }
    for (const channel of this.#channels) channel.flush()
  }
}
