// The merge patch that turns one status into another.
import type { TerminalSessionStatus } from '@cpc/crds'

/** Every field of `after`, and null for what it does not have any more. Lists are replaced as a whole. */
export function statusPatch(before: TerminalSessionStatus, after: TerminalSessionStatus): Record<string, unknown> {
  const removed = Object.keys(before).filter(field => !Object.hasOwn(after, field))
  return { ...after, ...Object.fromEntries(removed.map(field => [field, null])) }
}
