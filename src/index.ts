export type { Addresses } from './conn/addresses.js';
export type { ConnClosed } from './conn/conn.js';
export { Conn } from './conn/conn.js';
export type { ConnMeta, ProxyMeta, ProxyTlv, TlsMeta } from './conn/meta.js';
export type { Holdable } from './conn/reading.js';
export * from './errors.js';
export { consume, type ConsumeOptions } from './flow/consume.js';
export { flowTo } from './flow/flow-to.js';
export {
  onBackpressureBuffer,
  type BackpressureBufferOptions,
  type OverflowPolicy,
} from './flow/on-backpressure-buffer.js';
export { paced } from './flow/paced.js';
export type { AcceptFailure } from './net/accept-errors.js';
export { dial, type DialOptions } from './net/dial.js';
export { fromDuplex, type FromDuplexOptions } from './net/duplex-conn.js';
export { listen, Listener, type ListenAddress, type ListenOptions } from './net/listen.js';
export type { ProxyRejection } from './net/proxy-arrival.js';
export { proxyHeader, type ProxyHeaderOptions } from './net/proxy-header.js';
export { proxyProtocol, type ProxyProtocolOptions } from './net/proxy-protocol.js';
export { limitPerIp, type LimitPerIpOptions, type PerIpRejection } from './net/per-ip.js';
export { decodeProxyTlvs, encodeProxyTlvs, type ProxySsl, type ProxyTlvs } from './net/proxy-tlvs.js';
export type { QuietOptions } from './net/quiet.js';
export { sendProxyHeader, type SendProxyHeaderOptions } from './net/send-proxy-header.js';
export { terminateTls, type TerminateTlsOptions, type TlsRejection } from './net/terminate-tls.js';
export { Traffic, type TrafficEntry, type TrafficSnapshot } from './observe/traffic.js';
export type { RequestBody } from './serve/mux-body.js';
export type { ParamName, ParamsOf } from './serve/mux-pattern.js';
export { muxReply, type MuxBody, type MuxChunk, type MuxReply, type MuxReplyInit } from './serve/mux-reply.js';
export { proxyTo, type ProxyFailure, type ProxyToOptions } from './serve/proxy-to.js';
export {
  serveMux,
  type MuxHandler,
  type MuxListener,
  type MuxRequest,
  type ServeMuxOptions,
} from './serve/serve-mux.js';
export type { Sink, SinkCloseOptions } from './serve/sink.js';
export { toGrpc, type GrpcInjector, type GrpcServer } from './serve/to-grpc.js';
export { toHttp, type ToHttpOptions } from './serve/to-http.js';
export { toHttp2 } from './serve/to-http2.js';
export type { ProbeOptions } from './serve/living-sessions.js';
export { toTls } from './serve/to-tls.js';
export { toWebSocket, type WebSocketLike, type WebSocketServerLike } from './serve/to-web-socket.js';
export type { AsMatcher } from './sniff/combinator.js';
export type { HeaderFields } from './sniff/header-fields.js';
export type { RequestLine } from './sniff/http1-head.js';
export type { Http2Request } from './sniff/http2-head.js';
export { sniffBudget, type SniffBudget } from './sniff/budget.js';
export type {
  Endpoints,
  FirstBytes,
  Match,
  Matched,
  Matcher,
  Prompt,
  PromptFilter,
  ProtocolOf,
  Verdict,
} from './sniff/matcher.js';
export * from './sniff/matchers/index.js';
export type { SniffOptions } from './sniff/options.js';
export {
  sniffCounters,
  type Decision,
  type MatcherFault,
  type Rejection,
  type RejectReason,
  type SniffCounters,
} from './sniff/outcome.js';
export { partitionByProtocol, type Partition } from './sniff/partition-by-protocol.js';
export { sniff, type TimedOut } from './sniff/sniff.js';
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
export { fromStreams, type FromStreamsOptions, type WebStreams } from './conn/web-streams-conn.js';
export { fromWebSocket, type FromWebSocketOptions } from './conn/web-socket-conn.js';
export type {
  WebSocketEnd,
  WebSocketFailure,
  WebSocketMessage,
  WebSocketTransport,
} from './conn/web-socket-transport.js';
export { SessionTraffic, type SessionEntry, type StreamEntry } from './observe/session-traffic.js';
export { dialSession, type DialSessionOptions } from './net/dial-session.js';
export type { WebSocketConstructor } from './net/dial-web-socket.js';
export { listenSessions, type ListenSessionsOptions, type SessionListener } from './net/listen-sessions.js';
export {
  terminateWebSocket,
  type TerminateWebSocketOptions,
  type WebSocketUpgrader,
} from './net/terminate-web-socket.js';
export { connectThrough, type Connect } from './serve/connect-through.js';
export { httpAgent } from './serve/http-agent.js';
