// The hottest functions of the CPU profiles that `node --cpu-prof` leaves, one file for each thread.

import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

export interface HotFunction {
  /** `name file:line`, of the compiled code. */
  readonly place: string
  readonly selfMs: number
  /** Of the time in which the thread was not idle. */
  readonly percent: number
}

export interface ThreadProfile {
  readonly thread: string
  readonly busyMs: number
  readonly idleMs: number
  /** By self time, the hottest first. */
  readonly functions: readonly HotFunction[]
}

/** The part of V8's format that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {readonly functionName: string; readonly url: string; readonly lineNumber: number}
  }[]
  /** Microseconds of the system's monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

/** Microseconds of the same clock as in profiles. */
export interface ProfileWindow {
  readonly fromUs: number
  readonly toUs: number
}

export function readProfiles(folder: string, window: ProfileWindow, most: number): ThreadProfile[] {
  const files = readdirSync(folder).filter(name => name.endsWith('.cpuprofile'))
  return files.sort().map(name => {
    return threadProfile(JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile, window, most)
  })
}

export function threadProfile(profile: CpuProfile, {fromUs, toUs}: ProfileWindow, most: number): ThreadProfile {
  const frames = new Map(profile.nodes.map(({id, callFrame}) => [id, callFrame]))
  const selfUs = new Map<string, number>()
  let idleUs = 0
  let busyUs = 0
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id)
    const us = Math.max(0, profile.timeDeltas[index] ?? 0)
    at += us
    if (at < fromUs || at > toUs) continue
    if (frame === undefined || frame.functionName === '(idle)') {
      idleUs += us
      continue
    }
    busyUs += us
    const place = placeOf(frame)
    selfUs.set(place, (selfUs.get(place) ?? 0) + us)
  }
  const hottest = [...selfUs].sort((a, b) => b[1] - a[1]).slice(0, most)
  const isReader = profile.nodes.some(({callFrame}) => callFrame.url.endsWith('/reader-worker.js'))
  return {
    thread: isReader ? 'reader worker' : 'main',
    busyMs: Math.round(busyUs / 1000),
    idleMs: Math.round(idleUs / 1000),
    functions: hottest.map(([place, us]) => ({place, selfMs: Math.round(us / 1000), percent: (us / busyUs) * 100})),
  }
}

function placeOf({functionName, url, lineNumber}: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.replace(/^.*\/(src|node_modules)\//, '$1/').replace(/^src\//, '')
  return `${name} ${file}:${lineNumber + 1}`
}

export function profileText({thread, busyMs, idleMs, functions}: ThreadProfile): string {
  const lines = functions.map(
    ({place, selfMs, percent}) => `${percent.toFixed(1).padStart(7)} %${String(selfMs).padStart(8)} ms  ${place}`,
  )
  return [`  thread ${thread}: busy ${busyMs} ms, idle ${idleMs} ms; self time`, ...lines].join('\n')
}
