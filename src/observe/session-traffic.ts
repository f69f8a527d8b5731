import type { NextObserver } from 'rxjs';
import type { ErrorCode } from '../errors.js';
import type { MuxStream } from '../session/mux-stream.js';
import type { Session } from '../session/session.js';
import { statsOf } from '../session/stats.js';
import type { Role } from '../session/stream-table.js';
import { remoteOf } from './remote-of.js';

/** One stream in a {@link SessionEntry}. */
export interface StreamEntry {
  /** Its id on the wire. */
  readonly id: number;
  /** The type that its opener gave; absent on untyped streams. */
  readonly type?: number;
  /** What `sniff` found in it; empty before, and without sniffing. */
  readonly protocol: string;
  /** `'opening'`: not sent, or not confirmed where the wire confirms; else as in RFC 9113, section 5.1. */
  readonly state: 'opening' | 'open' | 'half-closed (local)' | 'half-closed (remote)';
  /** Bytes written that are still waiting here to be sent. */
  readonly bufferedBytes: number;
  /** Bytes received and unread. */
  readonly unreadBytes: number;
  /** Credit: bytes that the peer lets us send now; absent where the wire has no windows. */
  readonly sendWindowBytes?: number;
  /** The window that we give the peer; absent where the wire has none. */
  readonly receiveWindowBytes?: number;
}

/** One session in a snapshot of {@link SessionTraffic}. */
export interface SessionEntry {
  /** The `id` of the Conn that it runs over. */
  readonly id: number;
  /** Name of the wire protocol. */
  readonly protocol: string;
  /** Our end of it. */
  readonly role: Role;
  /** `address:port` of the other end, an IPv6 address without brackets; `unix:` on a Unix socket, `unknown:` without one. */
  readonly remote: string;
  /** False once it is over. */
  readonly open: boolean;
  /** Why it ended early; absent before, and after an orderly end. */
  readonly error?: ErrorCode;
  /** Streams open now, of both sides. */
  readonly openStreams: number;
  /** Streams of both sides since the start. */
  readonly openedStreams: number;
  /** Bytes received, headers included. */
  readonly bytesRead: number;
  /** Bytes handed to the connection, headers included. */
  readonly bytesWritten: number;
  /** Bytes received and unread, plus the growth of windows. */
  readonly heldBytes: number;
  /** The largest window that we give the peer: that of a new stream, or of one that grew; absent where the wire has none. */
  readonly receiveWindowBytes?: number;
  /** The round trip in milliseconds; absent before the first answer and where the wire has none. */
  readonly rttMs?: number;
  /** The streams that have been open for longest, 20 at most; `openStreams` counts all. */
  readonly streams: readonly StreamEntry[];
}

interface Seen {
  readonly session: Session;
  readonly remote: string;
  open: boolean;
  error?: ErrorCode;
}

const RECENT = 50;
const STREAMS = 20;

/**
 * Watches sessions: an observer to `tap` into them; read `snapshot()` when you like. Remembers the latest 50, those that are
 * over the shorter; between two snapshots a session costs nothing but the subscription to its end.
 *
 * @example
 * ```ts
 * const sessions = new SessionTraffic();
 * conns$.pipe(sniff(yamux(), muxado()), acceptSessions(), tap(sessions)).subscribe(serve);
 * interval(1000).pipe(map(() => sessions.snapshot())).subscribe(console.log);
 * ```
 */
export class SessionTraffic implements NextObserver<Session> {
  readonly #recent: Seen[] = [];

  /** Watches a session. */
  next(session: Session): void {
    const seen: Seen = { session, remote: remoteOf(session.conn), open: true };
    this.#recent.unshift(seen);
    if (this.#recent.length > RECENT) this.#forget();
    session.closed$.subscribe(({ error }) => {
      seen.open = false;
      if (error !== undefined) seen.error = error.code;
    });
  }

  /** The sessions now, newest first, as plain data. */
  snapshot(): readonly SessionEntry[] {
    return this.#recent.map(entryOf);
  }

  // One that is over first: those that live are what one wants to see.
  #forget(): void {
    const over = this.#recent.findLastIndex(({ open }) => !open);
    this.#recent.splice(over, 1);
  }
}

function entryOf({ session, ...seen }: Seen): SessionEntry {
  const { core } = session._life;
  const { opened, accepted, inboundStreams, outboundStreams, bytesRead, bytesWritten, heldBytes, rttMs } =
    statsOf(core);
  const streams = session.streams.slice(0, STREAMS).map(streamEntryOf);
  const windows = streams.map((stream) => stream.receiveWindowBytes ?? 0);
  return {
    ...seen,
    id: session.conn.id,
    protocol: core.codec.protocol,
    role: core.settings.role,
    openStreams: inboundStreams + outboundStreams,
    openedStreams: opened + accepted,
    bytesRead,
    bytesWritten,
    heldBytes,
    ...(core.codec.traits.credit === 'none'
      ? {}
      : { receiveWindowBytes: Math.max(core.settings.windowBytes, ...windows) }),
    ...(rttMs === undefined ? {} : { rttMs }),
    streams,
  };
}

function streamEntryOf(stream: MuxStream): StreamEntry {
  const { streamId, meta, protocol, bufferedBytes, window, sendWindowBytes, receiveWindowBytes } = stream;
  return {
    id: streamId,
    ...(meta.type === undefined ? {} : { type: meta.type }),
    protocol,
    state: stateOf(stream),
    bufferedBytes,
    unreadBytes: window.heldBytes,
    ...(sendWindowBytes === Infinity ? {} : { sendWindowBytes, receiveWindowBytes }),
  };
}

function stateOf({ remoteEnded, isHalfClosed, isUnopened, isAccepted }: MuxStream): StreamEntry['state'] {
  if (remoteEnded) return 'half-closed (remote)';
  if (isHalfClosed) return 'half-closed (local)';
  return isUnopened || !isAccepted ? 'opening' : 'open';
}
