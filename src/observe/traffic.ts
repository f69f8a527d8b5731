import type { NextObserver } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { remoteOf } from './remote-of.js';
import { sniffCounters, type Decision, type Rejection, type SniffCounters } from '../sniff/outcome.js';

/** One connection in a {@link TrafficSnapshot}. */
export interface TrafficEntry {
  /** The `id` of its Conn. */
  readonly id: number;
  /** The protocol it was given; empty for a connection that was turned away. */
  readonly protocol: string;
  /** `'match'`, `'silence'` and `'timeout'` as in a Decision, else why it was turned away. */
  readonly reason: string;
  /** `address:port` of the other end, an IPv6 address without brackets; `unix:` on a Unix socket, `unknown:` without one. */
  readonly remote: string;
  /** True inside a TLS layer. */
  readonly encrypted: boolean;
  /** False once it is closed in both directions. */
  readonly open: boolean;
  /** Bytes that had arrived at the decision. */
  readonly sniffedBytes: number;
  /** Milliseconds from its arrival to the decision. */
  readonly decidedMs: number;
  /** Bytes received so far. */
  readonly bytesRead: number;
  /** Bytes sent so far, those that still wait included. */
  readonly bytesWritten: number;
}

/** What went through a port, as plain data. */
export interface TrafficSnapshot {
  /** The totals and gauges at this moment; a copy. */
  readonly counters: Readonly<SniffCounters>;
  /** Connections per protocol since the start, unclaimed ones included. */
  readonly protocols: Readonly<Record<string, number>>;
  /** The latest connections, newest first. */
  readonly recent: readonly TrafficEntry[];
}

interface Seen {
  readonly conn: Conn;
  readonly protocol: string;
  readonly reason: string;
  readonly remote: string;
  readonly sniffedBytes: number;
  readonly decidedMs: number;
  open: boolean;
}

/** Connections remembered for the list of the latest. */
const RECENT = 50;

/**
 * Watches sniffers: give `options` to as many as belong together, read `snapshot()` when you like. Remembers the latest 50
 * connections; each costs one `close` listener while it is open.
 *
 * @example
 * ```ts
 * const traffic = new Traffic();
 * conns$.pipe(sniff(http1(), ssh(), traffic.options)).subscribe();
 * interval(1000).pipe(map(() => traffic.snapshot())).subscribe(console.log);
 * ```
 */
export class Traffic {
  readonly #counters = sniffCounters();
  readonly #protocols = new Map<string, number>();
  readonly #recent: Seen[] = [];

  /** The sniffer options that report here. */
  readonly options: {
    /** Totals that `snapshot()` tells. */
    readonly counters: SniffCounters;
    /** Counts by protocol and remembers. */
    readonly decided: NextObserver<Decision>;
    /** Remembers who was turned away. */
    readonly rejected: NextObserver<Rejection>;
  } = {
    counters: this.#counters,
    decided: {
      next: ({ conn, protocol, reason, bytes, afterMs }) => {
        this.#protocols.set(protocol, (this.#protocols.get(protocol) ?? 0) + 1);
        const seen = this.#remember(conn, { protocol, reason, sniffedBytes: bytes, decidedMs: afterMs, open: true });
        conn.closed$.subscribe(() => (seen.open = false));
      },
    },
    rejected: {
      next: ({ conn, reason, bytes, afterMs }) => {
        if (reason === 'unclaimed') this.#forget(conn);
        this.#remember(conn, { protocol: '', reason, sniffedBytes: bytes.length, decidedMs: afterMs, open: false });
      },
    },
  };

  /** Everything so far, as plain data that later traffic does not change. */
  snapshot(): TrafficSnapshot {
    return {
      counters: { ...this.#counters },
      protocols: Object.fromEntries(this.#protocols),
      recent: this.#recent.map(({ conn, ...seen }) => ({
        ...seen,
        id: conn.id,
        encrypted: conn.encrypted,
        bytesRead: conn.bytesRead,
        bytesWritten: conn.bytesWritten,
      })),
    };
  }

  // What was decided and then found no taker is told twice, and shown once.
  #forget(conn: Conn): void {
    const at = this.#recent.findIndex((seen) => seen.conn === conn);
    if (at >= 0) this.#recent.splice(at, 1);
  }

  #remember(conn: Conn, facts: Omit<Seen, 'conn' | 'remote'>): Seen {
    const seen = { ...facts, conn, remote: remoteOf(conn) };
    this.#recent.unshift(seen);
    if (this.#recent.length > RECENT) this.#recent.pop();
    return seen;
  }
}
