// Events as whoever reads a topic sees them, and what they add up to.

import {readFile} from 'node:fs/promises'
import {jsonMembers} from './json-members.ts'

/** One event of a topic or a line of a JSON lines file; texts are the exact bytes as UTF-8. */
export interface ObservedEvent {
  readonly topic: string
  readonly partition: number | null
  /** Null: no key. */
  readonly keyText: string | null
  /** Null: a tombstone. */
  readonly valueText: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** The change event inside a value, with or without the schema's frame; row images as JSON text. */
export interface ObservedChange {
  readonly op: string
  readonly before: string | null
  readonly after: string | null
  /** Parsed. */
  readonly source: Readonly<Record<string, unknown>>
}

/** Whole lines only: a line that is being written is not an event yet. */
export async function readJsonLines(path: string): Promise<ObservedEvent[]> {
  // Whole, and then decoded: with an encoding it would be decoded piece by piece.
  const text = (await readFile(path)).toString()
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.filter(line => line !== '').map(observedLine)
}

export function observedLine(line: string): ObservedEvent {
  const members = jsonMembers(line)
  const text = (name: string): string | null => {
    const member = members.get(name)
    return member === undefined || member === 'null' ? null : member
  }
  const partition = text('partition')
  return {
    topic: JSON.parse(text('topic') ?? 'null') as string,
    partition: partition === null ? null : Number(partition),
    keyText: text('key'),
    valueText: text('value'),
    headers: headerTexts(text('headers') ?? '{}'),
  }
}

/** As Kafka's headers would show them: a string without its quotes, anything else as JSON text. */
function headerTexts(text: string): Record<string, string> {
  const headers = Object.entries(JSON.parse(text) as Record<string, unknown>)
  return Object.fromEntries(
    headers.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

/** Null for a tombstone. */
export function changeOf(event: ObservedEvent): ObservedChange | null {
  if (event.valueText === null) return null
  const members = jsonMembers(event.valueText)
  const envelope = members.has('payload') ? jsonMembers(members.get('payload') ?? '{}') : members
  const image = (name: string): string | null => {
    const member = envelope.get(name)
    return member === undefined || member === 'null' ? null : member
  }
  return {
    op: JSON.parse(envelope.get('op') ?? '""') as string,
    before: image('before'),
    after: image('after'),
    source: JSON.parse(envelope.get('source') ?? '{}') as Record<string, unknown>,
  }
}

/**
 * The rows that the events of one topic add up to, by key: the last event wins, a delete removes, a truncate empties.
 * Values are the JSON text of `after`.
 */
export function foldEvents(events: Iterable<ObservedEvent>): Map<string, string> {
  const rows = new Map<string, string>()
  for (const event of events) {
    const change = changeOf(event)
    const key = event.keyText ?? ''
    if (change?.op === 't') rows.clear()
    else if (change === null || change.after === null) rows.delete(key)
    else rows.set(key, change.after)
  }
  return rows
}

export function eventsOfTopic(events: readonly ObservedEvent[], topic: string): ObservedEvent[] {
  return events.filter(event => event.topic === topic)
}
