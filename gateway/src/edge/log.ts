// The logger: JSON lines, and a last line of defence against secrets in them (G81). Nothing is meant to reach the redaction.
import { type DestinationStream, type Logger, pino } from 'pino'

const SECRETS = ['authorization', 'ticket', 'token', 'cookie', 'bytes', 'chunk', 'body']

/** @param destination where lines go; stdout by default */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = SECRETS.flatMap(name => [name, `*.${name}`, `*.*.${name}`])
  const options = {
    level,
    base: { service: 'gateway' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '[redacted]' },
  }
  return destination ? pino(options, destination) : pino(options)
}
