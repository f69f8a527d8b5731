/**
 * Every error that rxmux makes is a {@link MuxError}; catch by `code`, never by message.
 * docs/errors.md has a row per code.
 */

import { printable } from './printable.js';

/** Stable identifiers of what went wrong. Codes are never renamed or reused. */
export type ErrorCode =
  | 'ERR_MUX_ABORT'
  | 'ERR_MUX_ACCEPT'
  | 'ERR_MUX_ADDRESS_IN_USE'
  | 'ERR_MUX_CALM'
  | 'ERR_MUX_CLOSED'
  | 'ERR_MUX_CONNECT'
  | 'ERR_MUX_FLOW_CONTROL'
  | 'ERR_MUX_FRAME'
  | 'ERR_MUX_GOAWAY'
  | 'ERR_MUX_IDS_EXHAUSTED'
  | 'ERR_MUX_KEEPALIVE'
  | 'ERR_MUX_LISTEN'
  | 'ERR_MUX_NO_MATCH'
  | 'ERR_MUX_OPTION'
  | 'ERR_MUX_OVERFLOW'
  | 'ERR_MUX_PERMISSION'
  | 'ERR_MUX_PROXY_HEADER'
  | 'ERR_MUX_REFUSED'
  | 'ERR_MUX_RESET'
  | 'ERR_MUX_ROUTE'
  | 'ERR_MUX_SECOND_SUBSCRIBE'
  | 'ERR_MUX_SNIFF_LIMIT'
  | 'ERR_MUX_SNIFF_TIMEOUT'
  | 'ERR_MUX_STREAM_LIMIT'
  | 'ERR_MUX_STREAM_STATE'
  | 'ERR_MUX_TIMEOUT'
  | 'ERR_MUX_TLS'
  | 'ERR_MUX_TLS_FILES'
  | 'ERR_MUX_TRANSPORT'
  | 'ERR_MUX_UNCLAIMED'
  | 'ERR_MUX_USAGE';

/** Whose act led to the error: this program, the other end, or rxmux itself (a limit, a deadline). */
export type Initiator = 'local' | 'remote' | 'library';

/** What an error is about. `'conn'` is a connection that is no stream. */
export type ErrorScope = 'listener' | 'conn' | 'session' | 'stream' | 'usage';

/** Facts that go with a {@link MuxError}. */
export interface MuxErrorFacts {
  /** What the error is about. @defaultValue `'conn'`; `'usage'` for a {@link UsageError} */
  readonly scope?: ErrorScope;
  /** Whose act led to it. @defaultValue `'library'`; `'local'` for a {@link UsageError} */
  readonly initiator?: Initiator;
  /** What led to it; becomes `cause` of the error. Absent when nothing did. */
  readonly cause?: unknown;
  /** The stream that it happened on, by its id on the wire; absent where no stream was concerned. */
  readonly streamId?: number | undefined;
  /** The number that stood, or will stand, on the wire for the reason; absent where there was none. */
  readonly wireCode?: number | undefined;
  /** True when the peer is known not to have acted on the request, which may be sent again elsewhere. @defaultValue false */
  readonly retryable?: boolean;
}

const BRAND = Symbol.for('rxmux.error');

/**
 * The base of all errors of this package. The message begins with `[code]`. It is safe for a log and a terminal: what peers put into it is escaped.
 * @example
 * ```ts
 * conn.subscribe({ error: (e) => { if (MuxError.is(e) && e.code === 'ERR_MUX_RESET') retry(); } });
 * ```
 */
export class MuxError extends Error {
  /** What went wrong; stable. */
  readonly code: ErrorCode;
  /** What the error is about. */
  readonly scope: ErrorScope;
  /** Whose act led to it. */
  readonly initiator: Initiator;
  /** The stream concerned, by its id on the wire; absent where there was none. */
  readonly streamId: number | undefined;
  /** The protocol's own number for the reason; absent where the wire carried none. */
  readonly wireCode: number | undefined;
  /** True when the peer is known not to have acted on the request: it is safe to send it again elsewhere. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, facts: MuxErrorFacts = {}) {
    // Peers supply some of the text: names, reasons, and messages of other libraries that quote them.
    super(`[${code}] ${printable(message)}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = code;
    this.scope = facts.scope ?? 'conn';
    this.initiator = facts.initiator ?? 'library';
    this.streamId = facts.streamId;
    this.wireCode = facts.wireCode;
    this.retryable = facts.retryable ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for a MuxError of any copy of rxmux in the process (`instanceof` is not, across copies and realms). */
  static is(value: unknown): value is MuxError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  /** Wraps what a socket or a callback threw; a MuxError comes back as it is. */
  static from(value: unknown, code: ErrorCode = 'ERR_MUX_ABORT', facts: MuxErrorFacts = {}): MuxError {
    if (this.is(value)) return value;
    const text =
      value !== null && typeof value === 'object' && 'message' in value ? String(value.message) : String(value);
    // By `this`: named by its own name in here, a bundler would give the class another.
    return new this(code, text, { ...facts, cause: value });
  }
}

/** The other end, or this one, reset the connection or stream: what was in flight is lost. */
export class ResetError extends MuxError {}

/** Bytes past a bound: raise the bound, pace the writer, or choose a drop policy. */
export class OverflowError extends MuxError {}

/** A connection was not classified, or no subscriber took it; it never ends the accept loop. */
export class SniffError extends MuxError {}

/** A port could not be bound, or a TLS certificate and key not used. */
export class ListenError extends MuxError {}

/** The peer broke the rules of its protocol, or went past a limit: the session, or the stream in `streamId`, is over. */
export class ProtocolError extends MuxError {}

/** The session is over or takes no new streams: open another. */
export class SessionClosedError extends MuxError {}

/** The calling code is wrong: a bad option, a second subscriber, a route conflict. */
export class UsageError extends MuxError {
  constructor(code: ErrorCode, message: string, facts: MuxErrorFacts = {}) {
    super(code, message, { scope: 'usage', initiator: 'local', ...facts });
  }
}
