// The room's public face: names, types, bounds, reasons, and the checks for what comes out of a pod.
export * from './names.ts'
export * from './limits.ts'
export {
  type EndedReason,
  type FailedReason,
  type Reason,
  type ReasonKind,
  type WaitingReason,
  REASONS,
} from './reasons.ts'
export { type Quantity, quantityToBytes, quantityToMillicores } from './quantities.ts'
export { encodeClaim } from './claim.ts'
export {
  type CheckedTerminationMessage,
  type TerminationMessageResult,
  parseTerminationMessage,
} from './termination-message.ts'
export { SESSION_PHASES, terminalSession, terminalSessionSpec, terminalSessionStatus } from './terminal-session.ts'
export { terminalPool, terminalPoolSpec, terminalPoolStatus } from './terminal-pool.ts'
export type * from './generated/terminal-session.gen.ts'
export type {
  TerminalPool,
  TerminalPoolCondition,
  TerminalPoolSpec,
  TerminalPoolSpecInput,
  TerminalPoolStatus,
} from './generated/terminal-pool.gen.ts'
export type { Claim } from './generated/claim.gen.ts'
export type { TerminationMessage } from './generated/termination-message.gen.ts'
