// Who a process is: its number alone may belong to somebody else tomorrow.

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks from boot to the process's start, as /proc/PID/stat says. */
  readonly startTicks: string
  /** The boot in which those ticks count. */
  readonly bootId: string
}

export interface ProcessStat {
  /** One letter, as in ps: R, S, Z … */
  readonly state: string
  readonly startTicks: string
}

/** Index of the start time among the fields after the command's closing parenthesis. */
const START_TIME_FIELD = 19

/** Reads /proc/PID/stat. The command may contain spaces and parentheses, so fields count from its last parenthesis. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/)
  const [state] = fields
  const startTicks = fields[START_TIME_FIELD]
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks }
}

const LISTEN_STATE = '0A'

/** Ports on which somebody listens, from /proc/PID/net/tcp or tcp6. */
export function listeningPorts(table: string): Set<number> {
  const ports = new Set<number>()
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/)
    if (state !== LISTEN_STATE || local === undefined) continue
    ports.add(Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16))
  }
  return ports
}

/** Queues with a reader, from /proc/PID/net/netfilter/nfnetlink_queue. */
export function readQueues(table: string): Set<number> {
  const numbers = table.split('\n').map(line => line.trim().split(/\s+/)[0] ?? '')
  return new Set(numbers.filter(text => text !== '').map(Number))
}
