import type { Conn } from '../conn/conn.js';
import type { SniffError } from '../errors.js';

/**
 * Why a connection was turned away.
 * - `'noMatch'` no matcher wants its bytes
 * - `'unreadable'` a matcher cannot read the part it looks for, and later matchers do not get a flight that it has not refused
 * - `'timeout'` undecided at the deadline
 * - `'eof'` the client ended before it was decided
 * - `'overflow'` undecided at the byte cap, the memory for undecided connections is used up, or there are too many of them
 * - `'abort'` reset or closed after some bytes
 * - `'error'` the connection failed in another way
 * - `'unclaimed'` matched, but its protocol has no subscriber
 */
export type RejectReason = 'noMatch' | 'unreadable' | 'timeout' | 'eof' | 'overflow' | 'abort' | 'error' | 'unclaimed';

/** A connection that was turned away. It is closed already. */
export interface Rejection {
  /** The connection, which can no longer be read. */
  readonly conn: Conn;
  /** Why it was turned away. */
  readonly reason: RejectReason;
  /** By reason `ERR_MUX_NO_MATCH`, `_SNIFF_TIMEOUT`, `_SNIFF_LIMIT`, `_ABORT` or `_UNCLAIMED`. */
  readonly error: SniffError;
  /** What it had sent. Bytes of a stranger: escape them before they reach a log or a terminal. */
  readonly bytes: Uint8Array;
  /** Milliseconds from its arrival. */
  readonly afterMs: number;
}

/** A connection that was given a protocol. */
export interface Decision {
  /** The connection, identified and not read yet. */
  readonly conn: Conn;
  /** The protocol it was given. */
  readonly protocol: string;
  /** `'silence'`: a `serverFirst` matcher; `'timeout'`: the protocol named by `onTimeout`. */
  readonly reason: 'match' | 'silence' | 'timeout';
  /** How many bytes had arrived. */
  readonly bytes: number;
  /** Milliseconds from its arrival. */
  readonly afterMs: number;
}

/** A matcher that threw; the connection went on as if it had said no. */
export interface MatcherFault {
  /** The connection it looked at. */
  readonly conn: Conn;
  /** The matcher's own protocol. */
  readonly protocol: string;
  /** What it threw. */
  readonly error: unknown;
}

/** Running totals and gauges of a sniffer; plain numbers, read whenever you like. */
export interface SniffCounters {
  /** Connections that came in; unless `sniff` is unsubscribed, each becomes `matched`, `rejected` or `aborted`. */
  accepted: number;
  /** Connections given a protocol, `serverFirst` and `onTimeout` included, and taken by a subscriber. */
  matched: number;
  /** Connections turned away; `rejected` gets each. */
  rejected: number;
  /** Clients that connected and left without a byte: health checks and port scans. Counted, never reported one by one. */
  aborted: number;
  /** Connections being looked at now. */
  undecided: number;
  /** Bytes held for them now. */
  heldBytes: number;
}

/** A fresh set of {@link SniffCounters}, all zero. */
export function sniffCounters(): SniffCounters {
  return { accepted: 0, matched: 0, rejected: 0, aborted: 0, undecided: 0, heldBytes: 0 };
}
