// Numbers as people read them, in the browser.

export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `1 row`, `1,234 rows` */
export function nounText(value: number, noun: string): string {
  return `${countText(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** `12 s`, `3 min 5 s`, `2 h 10 min` */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** unit
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`
}

export function behindText(behindMs: number | null): string {
  if (behindMs === null) return 'no event yet'
  return behindMs < 1000 ? 'up to date' : `${durationText(behindMs / 1000)} behind`
}
