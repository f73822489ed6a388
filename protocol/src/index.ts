// @cpc/protocol: cpc.v1, the terminal stream. SPEC.md is the contract.
export * from './close-codes.ts'
export * from './codec.ts'
export * from './error-codes.ts'
export * from './frame.ts'
export * from './length-prefix.ts'
export * from './limits.ts'
export * from './payloads.ts'
export * from './protocol-error.ts'
export type { ClientEvent, ClientHappening, Moment, TimerName } from './client/client-event.ts'
export type { ClientOptions, ClientState, ClientStatus } from './client/client-state.ts'
export { initialState, inputRoom, statusOf } from './client/client-state.ts'
export type { Effect, End, InputLossReason, Report } from './client/effect.ts'
export { step } from './client/step.ts'
export type {
  ClientListener,
  ClientWorld,
  SocketEvents,
  TerminalSocket,
  TicketAnswer,
} from './client/terminal-client.ts'
export { TerminalClient } from './client/terminal-client.ts'
