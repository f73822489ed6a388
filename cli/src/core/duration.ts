// Durations on the command line: 90, 90s, 5m, 8h, 1d.

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/** Seconds, or undefined when `text` is no duration. A bare number counts seconds. */
export function parseDurationSeconds(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text.trim())
  if (!match) return undefined
  const unit = match[2] === '' ? 's' : match[2]
  return Number(match[1]) * SECONDS[unit as keyof typeof SECONDS]
}

/** A length of time in at most two units: 45s, 3m10s, 2h5m, 6d1h. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole}s`
  if (whole < 3_600) return pair(whole, 60, 'm', 's')
  return whole < 86_400 ? pair(Math.floor(whole / 60), 60, 'h', 'm') : pair(Math.floor(whole / 3_600), 24, 'd', 'h')
}

/** `count` small units as large and small ones. */
function pair(count: number, smallPerLarge: number, large: string, small: string): string {
  const rest = count % smallPerLarge
  return `${Math.floor(count / smallPerLarge)}${large}${rest === 0 ? '' : `${rest}${small}`}`
}
