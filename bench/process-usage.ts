// CPU time and peak memory of other processes, from Linux's /proc; null where there is none.

import {readdirSync, readFileSync, writeFileSync} from 'node:fs'

/** Ticks a second of the times in /proc: USER_HZ, the same on every architecture that Node runs on. */
const TICKS = 100

/** User and system time of all threads so far. */
export function cpuSeconds(pid: number | null): number | null {
  const stat = readProc(pid, 'stat')
  return stat === null ? null : statSeconds(stat)
}

/** The same for each thread, by its name and id: `node 4711`. */
export function threadCpuSeconds(pid: number | null): ReadonlyMap<string, number> {
  const threads = new Map<string, number>()
  for (const id of threadIds(pid)) {
    const stat = readProc(pid, `task/${id}/stat`)
    const name = readProc(pid, `task/${id}/comm`)
    if (stat !== null && name !== null) threads.set(`${name.trim()} ${id}`, statSeconds(stat))
  }
  return threads
}

/** Highest resident memory, MB, since the start or the last `resetPeak`. */
export function peakRssMb(pid: number | null): number | null {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '')?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) / 1024
}

/** False where the system does not let us; then the peak counts from the process's start. */
export function resetPeak(pid: number | null): boolean {
  if (pid === null) return false
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch {
    return false
  }
}

/** Program and arguments, separated by NUL. */
export function commandLine(pid: number | null): string | null {
  return readProc(pid, 'cmdline')
}

/** utime + stime of a line of /proc/PID/stat; the command's name before them may itself hold blanks and brackets. */
export function statSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function threadIds(pid: number | null): string[] {
  try {
    return pid === null ? [] : readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function readProc(pid: number | null, name: string): string | null {
  if (pid === null) return null
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return null // The process has ended, or this is no Linux.
  }
}
