/** The face of the package where there is no Node: sessions over WebSockets, or over any Conn of your own. */
export type { Addresses } from './conn/addresses.js';
export type { ConnClosed } from './conn/conn.js';
export { Conn } from './conn/conn.js';
export type { ConnMeta } from './conn/meta.js';
export type { Holdable } from './conn/reading.js';
export { fromWebSocket, type FromWebSocketOptions } from './conn/web-socket-conn.js';
export type {
  WebSocketEnd,
  WebSocketFailure,
  WebSocketMessage,
  WebSocketTransport,
} from './conn/web-socket-transport.js';
export { fromStreams, type FromStreamsOptions, type WebStreams } from './conn/web-streams-conn.js';
export * from './errors.js';
export { consume, type ConsumeOptions } from './flow/consume.js';
export { flowTo } from './flow/flow-to.js';
export {
  onBackpressureBuffer,
  type BackpressureBufferOptions,
  type OverflowPolicy,
} from './flow/on-backpressure-buffer.js';
export { paced } from './flow/paced.js';
export { acceptSessions, type AcceptSessionsOptions } from './session/accept-sessions.js';
export type { ReceiveBudget } from './flow/receive-budget.js';
export type { SendBudget } from './flow/send-budget.js';
export type { SessionClosed } from './session/session-closed.js';
export type { MuxStream } from './session/mux-stream.js';
export type { StreamMeta } from './session/stream-host.js';
export type { OpenOptions } from './session/open-queue.js';
export {
  receiveBudget,
  sendBudget,
  type KeepAliveOptions,
  type SessionLimits,
  type SessionOptions,
} from './session/options.js';
export type { InboxConn } from './conn/inbox-conn.js';
export { session, type Session } from './session/session.js';
export type { SessionStats } from './session/stats.js';
export type { Role } from './session/stream-table.js';
export type { Rate } from './session/token-bucket.js';
export * from './wire/index.js';
