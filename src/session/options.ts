import type { SchedulerLike } from 'rxjs';
import { SharedReceiveBudget, type ReceiveBudget } from '../flow/receive-budget.js';
import { SharedSendBudget, type SendBudget } from '../flow/send-budget.js';
import type { Codec } from '../wire/codec.js';
import { requireWholeNumber } from '../bytes/whole-number.js';
import type { Role } from './stream-table.js';
import type { Rate } from './token-bucket.js';

/** When a silent peer counts as dead. */
export interface KeepAliveOptions {
  /** Time between two beats, in milliseconds, 1 or more. @defaultValue the protocol's own: 3 to 30 seconds */
  readonly intervalMs?: number;
  /** Silence after which the session ends with `ERR_MUX_KEEPALIVE`, in milliseconds, whatever we send meanwhile. @defaultValue the protocol's own: 13 to 40 seconds */
  readonly timeoutMs?: number;
}

/** Limits of a session; each has a default that a peer on the open internet may meet. */
export interface SessionLimits {
  /**
   * Bytes a peer may send on a stream before they are read, from the protocol's initial window up.
   * @defaultValue the initial window: 64 KiB (muxado 1) or 256 KiB; smux 1 has none
   */
  readonly windowBytes?: number;
  /**
   * How far a window grows by itself while a stream is faster than its window lets it be, in bytes; `windowBytes` turns
   * growth off. @defaultValue 64 MiB: 5 Gbit/s over 100 ms
   */
  readonly maxWindowBytes?: number;
  /**
   * Streams that the peer may have open at once; more are refused. smux has no way to refuse one: more wait until others end, up to
   * 4096 or `acceptBacklog`, and past that nothing is read. @defaultValue 1024: 256 MiB of initial windows
   */
  readonly maxStreams?: number;
  /**
   * Streams that we have open at once; `open` past it waits for one to end at both sides. To wait rather than be refused, set it
   * to what the peer takes (`maxStreams` of rxmux: 1024). @defaultValue 65536
   */
  readonly maxOpenStreams?: number;
  /**
   * Streams that we opened and the peer has not confirmed, where the protocol confirms (yamux); `open` past it waits.
   * @defaultValue 256, the backlog that peers have
   */
  readonly maxUnacceptedStreams?: number;
  /** Calls of `open` that may wait; one more gives a stream that fails with `ERR_MUX_STREAM_LIMIT`. @defaultValue 4096 */
  readonly maxWaitingOpens?: number;
  /**
   * Streams that wait while `accept$` has no subscriber; more are refused. smux cannot refuse one: after the first excess stream
   * nothing is read until a subscriber comes. @defaultValue 256, as yamux; muxado has 128
   */
  readonly acceptBacklog?: number;
  /** Bytes of data in a frame that we send. @defaultValue the protocol's: 16383 (muxado 1), 32768 (smux), else 65536 */
  readonly maxFrameBytes?: number;
  /** Bytes past the window that may wait to be sent on a stream before `next` ends it. @defaultValue 1048576 (1 MiB) */
  readonly sendBufferBytes?: number;
  /**
   * Bytes of this session that were received and not read, plus what windows grew by. Past it windows stay as they are and
   * new streams are refused. When unread bytes alone fill it, the connection is not read until half of them are.
   * @defaultValue 160 MiB; 4 MiB for smux 1, as its peers have
   */
  readonly receiveBudgetBytes?: number;
  /**
   * The same for all sessions that share it; see `receiveBudget`. Past it the session that holds the most is refused new streams, and its
   * newest ones with unread bytes are reset with `ERR_MUX_OVERFLOW`. @defaultValue one of 1 GiB for the process
   */
  readonly budget?: ReceiveBudget;
  /**
   * Memory, in bytes, of what was written to the streams of this session and has not left. The fuller it is, the earlier writers are
   * asked to wait; when it is full, one that goes on with `next` all the same may have 4 KiB waiting. @defaultValue 64 MiB
   */
  readonly sendBudgetBytes?: number;
  /** The same for all sessions that share it, but those that hold less than 256 KiB; see `sendBudget`. @defaultValue one of 1 GiB for the process */
  readonly sendBudget?: SendBudget;
  /** Streams the peer may open. @defaultValue 100,000 at once and 1,000,000 a second: the other limits come first */
  readonly openRate?: Rate;
  /**
   * Streams the peer may reset, or make us reset by breaking rules. One that was answered before counts a quarter, and a stream that
   * both sides end makes up for one. @defaultValue 1000 at once and 100 a second; nghttp2 has 1000 and 33 */
  readonly resetRate?: Rate;
  /**
   * Frames that carry nothing: empty data, a byte at a time, pings, beats, unknown types, and grants beyond one for each 64 bytes that
   * were sent. @defaultValue 200,000 at once and 100,000 a second
   */
  readonly junkRate?: Rate;
  /** Text of a GoAway that is kept, in bytes, 0 to 1024. @defaultValue 1024 */
  readonly maxDebugBytes?: number;
  /** Time in which half a header, a control frame or a stream type has to be completed, in milliseconds. @defaultValue 10 seconds */
  readonly frameTimeoutMs?: number;
  /** Time after which a transport that is full and takes nothing, with a peer that is silent, ends the session, in milliseconds. A socket reports progress only at the end of a write of up to 128 KiB: give more time to links below 10 KB/s. @defaultValue 30 seconds */
  readonly stallTimeoutMs?: number;
  /**
   * Time in which the peer takes none of the bytes that wait for it, in milliseconds. Then a stream without credit is reset, whichever side
   * has ended, and a session whose transport is full ends, even if the peer sends. Every byte taken restarts the time. Time in which we
   * read nothing ourselves does not count. @defaultValue 5 minutes, as Envoy's `stream_idle_timeout`
   */
  readonly writeTimeoutMs?: number;
  /** Time without a byte after which a stream that we ended and the peer did not is reset, in milliseconds. @defaultValue 5 minutes, as yamux */
  readonly lingerTimeoutMs?: number;
}

/** Settings of a {@link Session}. */
export interface SessionOptions extends SessionLimits {
  /** The wire protocol: `muxado()`, `yamux()`, `smux()`. */
  readonly codec: Codec;
  /** `'client'` for the end that dialled, as a rule; the other end has to be the other. */
  readonly role: Role;
  /** Heartbeats, on unless false. */
  readonly keepAlive?: KeepAliveOptions | false;
  /** The fate of unread bytes when the peer resets the stream. @defaultValue `'deliver'`, then the error */
  readonly unreadOnReset?: 'deliver' | 'drop';
  /**
   * What leaving a stream before its end means to the peer: `'drain'` drops what it sends until our side has ended, as a
   * socket would; `'reset'` resets the stream at once. @defaultValue `'drain'`
   */
  readonly onCancel?: 'drain' | 'reset';
  /** The clock of all timers. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/**
 * Makes a bound on what the sessions that share it have received and not read, and on what their windows grow by.
 *
 * @param options - `maxBytes`: the bound in bytes; the process's own budget is 1 GiB
 * @throws UsageError `ERR_MUX_OPTION` for a bound that is no positive whole number
 */
export function receiveBudget({ maxBytes }: { readonly maxBytes: number }): ReceiveBudget {
  requireWholeNumber('maxBytes of a budget', maxBytes, 1);
  return new SharedReceiveBudget(maxBytes);
}

/**
 * Makes a bound on what was written to the streams of the sessions that share it and has not left.
 *
 * @param options - `maxBytes`: the bound in bytes; the process's own budget is 1 GiB
 * @throws UsageError `ERR_MUX_OPTION` for a bound that is no positive whole number
 * @example
 * ```ts
 * const budget = sendBudget({ maxBytes: 256 << 20 });
 * sessions$.pipe(acceptSessions({ codec: yamux(), sendBudget: budget })).subscribe(serve);
 * ```
 */
export function sendBudget({ maxBytes }: { readonly maxBytes: number }): SendBudget {
  requireWholeNumber('maxBytes of a budget', maxBytes, 1);
  return new SharedSendBudget(maxBytes);
}
