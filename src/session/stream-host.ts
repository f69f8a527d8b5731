import type { Conn } from '../conn/conn.js';
import type { ConnMeta } from '../conn/meta.js';
import type { Patience } from '../conn/reading.js';
import type { MuxError } from '../errors.js';
import type { ReceiveBudget } from '../flow/receive-budget.js';
import type { SendRoom } from './send-room.js';

/** What a stream knows of itself. */
export interface StreamMeta extends ConnMeta {
  /** The stream type that its opener gave, 0 to 2^32-1; absent on untyped streams. */
  readonly type?: number;
}

/** A stream type in arrival: the first four bytes of the stream, how many have come, and since when. */
export interface TypePrefix {
  type: number;
  length: number;
  ticks: number;
}

/** What a stream needs of its session. */
export interface StreamHost<Stream> {
  /** The connection that everything goes over. */
  readonly conn: Conn;
  /** Bytes that may wait to be sent, of a writer that does not wait. */
  readonly sendBufferBytes: number;
  /** What may wait to be sent, of all streams. */
  readonly sendRoom: SendRoom;
  /** The connection takes nothing for now. */
  readonly isBlocked: boolean;
  /** What becomes of unread bytes when the stream ends early, for how long they wait for their reader, and what they count against. */
  readonly settings: Patience & { readonly unreadOnReset: 'deliver' | 'drop'; readonly budget: ReceiveBudget };
  /** The bytes that may still be written, once the session is being closed. */
  readonly closing: { refuses(stream: Stream, bytes: number): boolean } | undefined;
  /** The stream has bytes to send; without window for them it waits for credit. */
  ready(stream: Stream): void;
  /** Bytes arrived for a reader. */
  held(stream: Stream, bytes: number): void;
  /** A reader may have taken what arrived, or left it. */
  onHeld(): void;
  /** The reader consumed bytes, or will never: also of a stream that is over. */
  consumed(stream: Stream, bytes: number): void;
  /** The reader left; the peer has not ended. */
  cancelled(stream: Stream): void;
  /** Resets the stream on the wire, as far as the peer knows of it. */
  reset(stream: Stream, error: MuxError): void;
  /** The stream waits for its peer: for its end, or for credit. */
  waits(): void;
  /** The stream is over in both directions; false when it was never opened. */
  over(stream: Stream, wentWell: boolean): boolean;
  /** A stream that was open is gone, and all who wait for it were told: there may be room for another, or nothing left to do. */
  gone(): void;
}
