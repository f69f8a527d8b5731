import {
  defer,
  filter,
  interval,
  map,
  pairwise,
  scan,
  startWith,
  take,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { tickMs } from './tick.js';
import type { MuxStream } from './mux-stream.js';
import type { StreamMap } from './stream-map.js';

/**
 * The bytes that a closing session still has to send: those written before. They may wait in the queue of a Duplex or a Web Stream,
 * and then reach their stream later. Later writes are refused.
 */
export class Closing {
  readonly #streams: StreamMap;
  readonly #queuedBytes = new Map<MuxStream, number>();

  constructor(streams: StreamMap) {
    this.#streams = streams;
    for (const stream of streams) this.#queuedBytes.set(stream, stream.unpassedBytes);
  }

  /** True for bytes that were written too late. */
  refuses(stream: MuxStream, bytes: number): boolean {
    const queued = this.#queuedBytes.get(stream) ?? 0;
    this.#queuedBytes.set(stream, queued - bytes);
    return queued <= 0;
  }

  /** Bytes that were not yet handed to the transport. */
  get leftBytes(): number {
    let left = 0;
    for (const stream of this.#streams) left += Math.max(this.#queuedBytes.get(stream) ?? 0, 0) + stream.bufferedBytes;
    return left;
  }

  /** True once all of it, FIN included, was handed to the transport. */
  get isDone(): boolean {
    if (this.leftBytes > 0) return false;
    for (const stream of this.#streams) if (stream.isEndDue) return false;
    return true;
  }
}

/** The parts of a session that show its progress. */
interface Sending {
  readonly conn: Conn;
  readonly closing: Closing | undefined;
  readonly settings: { readonly scheduler: SchedulerLike };
}

/** Emits once, when for `limitMs` none of the bytes left to send has moved on. Answers to pings are no progress: a peer can ask for them. */
export function standstill({ closing, conn, settings }: Sending, limitMs: number): Observable<number> {
  const everyMs = tickMs(limitMs);
  // Both figures stay the same while no byte moves.
  const look = (): readonly [left: number, progress: number] => [
    closing?.leftBytes ?? 0,
    conn.bufferedBytes === 0 ? 0 : conn._sendProgress,
  ];
  return defer(() =>
    interval(everyMs, settings.scheduler).pipe(
      map(look),
      startWith(look()),
      pairwise(),
      scan((stillMs, [a, b]) => (a[0] === b[0] && a[1] === b[1] ? stillMs + everyMs : 0), 0),
      filter((stillMs) => stillMs >= limitMs),
      take(1),
    ),
  );
}
