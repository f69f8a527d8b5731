import { ReplaySubject, type Observable, type Subscription } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { LINGER_BYTES } from '../conn/linger.js';
import type { Intake } from '../conn/reading.js';
import { MuxError, type Initiator } from '../errors.js';
import type { Decoder, Reason } from '../wire/codec.js';
import { Closing, standstill } from './closing.js';
import { Core, type CoreOwner, type HoldReason } from './core.js';
import { Inbound } from './inbound.js';
import { Inflow, type InflowOwner } from './inflow.js';
import { OpenQueue } from './open-queue.js';
import type { Settings } from './settings.js';
import { followEnd, lastWords, leave } from './last-words.js';
import { closedError, endedByPeer, goneAwayError, neverOpened, type SessionClosed } from './session-closed.js';
import { Taps } from './taps.js';
import { finError, lossError } from './transport-end.js';
import { Watch } from './watch.js';

/**
 * The life of a session, from its first byte to its one end.
 *
 * ```text
 *   open --goAway()--> draining --no stream left--> ending --both ends of the connection--> over
 *     \----close()---> closing ---all is sent-----^                                          ^
 *      \---- error, violation, dead peer, lost connection ----------------------------------/
 * ```
 */
export class Lifecycle implements CoreOwner, InflowOwner, Intake {
  readonly core: Core;
  readonly opens: OpenQueue;
  readonly taps: Taps;
  readonly #closed$ = new ReplaySubject<SessionClosed>(1);
  readonly #drained$ = new ReplaySubject<void>(1);
  readonly #rtt$ = new ReplaySubject<number>(1);
  readonly #inbound: Inbound;
  readonly #decoder: Decoder;
  readonly #watch: Watch;
  readonly #inflow: Inflow;
  #state: 'open' | 'draining' | 'closing' | 'ending' | 'over' = 'open';
  #saidGoAway = false;
  #initiator: Initiator = 'remote';
  #error: MuxError | undefined;
  #timeout: Subscription | undefined;
  #lastWords: Subscription | undefined;
  #lingerBytes = LINGER_BYTES;

  constructor(conn: Conn, settings: Settings) {
    this.core = new Core(conn, settings, this);
    this.opens = new OpenQueue(this.core, () => {
      this.goAway();
    });
    this.#inbound = new Inbound(this.core);
    this.#decoder = settings.codec.decoder(this.#inbound);
    this.taps = new Taps(this.#decoder, this.#inbound);
    this.#watch = new Watch(this.core, () => this.#inflow.isMidHeader);
    this.#inflow = new Inflow(this.#decoder, conn._read(this), this.core.writer, this);
  }

  start(): void {
    this.core.heartbeat.start();
    this.#inflow.start();
  }

  get closed$(): Observable<SessionClosed> {
    return this.#closed$.asObservable();
  }
  get drained$(): Observable<void> {
    return this.#drained$.asObservable();
  }
  get rtt$(): Observable<number> {
    return this.#rtt$.asObservable();
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Why nothing can be asked of the peer any more. */
  get whyOver(): MuxError | undefined {
    return this.#error;
  }

  /** Why no stream can be opened any more. */
  get whyNotOpen(): MuxError | undefined {
    const goneAway = this.#inbound.goAways.counted;
    if (this.#error !== undefined) return neverOpened(this.#error);
    if (goneAway !== undefined)
      return goneAwayError(`the peer takes no new streams (code ${goneAway.code})`, goneAway.code);
    return this.#state === 'open' ? undefined : goneAwayError('the session takes no new streams');
  }

  // The connection.

  next(chunk: Uint8Array): void {
    // Read and dropped: a connection that is closed with unread bytes is reset, and the reset overtakes our GoAway.
    if (this.#state === 'over') this.#inflow.drop(chunk);
    else {
      this.core.bytesRead += chunk.length;
      this.#inflow.push(chunk);
    }
    if (this.#state === 'over' || this.#state === 'ending') this.#linger(chunk.length);
  }

  // A peer that has not yet received our last frames may go on for longer.
  #linger(bytes: number): void {
    if (this.#state === 'ending' && this.core.conn.bufferedBytes > 0) return;
    this.#lingerBytes -= bytes;
    if (this.#lingerBytes < 0) this.#cut(undefined);
  }

  onFault(error: MuxError): void {
    this.onEnd(error, 'protocol');
  }

  complete(): void {
    if (this.#state !== 'ending' && !this.isOver && this.#inflow.delaysEnd()) return;
    const goneAway = this.#inbound.goAways.counted;
    this.#inbound.goAways.failUnconfirmed();
    // What a peer says as it sees our end, Go's libraries an internal error, changes nothing.
    const error = this.#state === 'ending' ? undefined : finError(goneAway?.code, this.core, this.#decoder);
    this.#finish(error, error === undefined ? this.#initiator : 'remote');
    followEnd(this.core);
  }

  error(cause: MuxError): void {
    if (this.#state === 'ending') this.#finish(undefined, this.#initiator);
    else this.#finish(lossError(this.#inbound.goAways.counted?.code, cause), 'remote');
  }

  // What the core tells.

  onEnd(error: MuxError, reason: Reason): void {
    if (this.#state === 'over') return;
    // Before the last words: in memory, what the peer makes of them comes from within them.
    this.#finish(error, error.initiator);
    this.#sayGoAway(reason);
    this.core.writer.finish();
    // A peer that is dead, or takes nothing, does not read a GoAway.
    if (reason === 'internal' && error.initiator === 'library') this.core.conn._destroy(error, true);
    else {
      this.#inflow.start();
      leave(this.core.conn, this.core.settings);
    }
  }

  onIdle(): void {
    if (this.#state === 'open' || this.#state === 'draining') this.core.accepts.deliver();
    const why = this.whyNotOpen;
    if (why === undefined) this.opens.fill();
    else this.opens.fail(why);
    this.#proceed();
  }

  onFlushed(): void {
    this.#proceed();
  }

  onHold(reason: HoldReason, isHeld: boolean): void {
    this.#inflow.hold(reason, isHeld);
  }

  get isHolding(): boolean {
    return this.#inflow.isHolding;
  }

  onRoundTrip(ms: number): void {
    this.#rtt$.next(ms);
  }

  onWatch(): void {
    if (this.#state !== 'over') this.#watch.start();
  }

  // What the user wants.

  goAway(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#initiator = 'local';
    this.core.drain();
    this.opens.fail(goneAwayError('the session takes no new streams'));
    if (this.core.codec.traits.goAway === 'early') {
      // A peer without streams may leave as soon as it hears of it.
      this.opens.announceAll();
      this.#sayGoAway('none');
    }
    this.#proceed();
  }

  close(timeoutMs: number): void {
    if (this.isOver || this.#timeout !== undefined) return;
    this.goAway();
    if (this.core.isOver) return;
    const isDraining = this.#state === 'draining';
    if (isDraining) {
      this.#state = 'closing';
      this.core.closing = new Closing(this.core.table.streams);
    }
    this.#timeout = standstill(this.core, timeoutMs).subscribe(() => {
      // What is left to wait for is the end of the peer.
      if (this.#state === 'ending' && this.core.conn.bufferedBytes === 0) return;
      const text = `not everything could be sent: nothing left for ${timeoutMs} ms`;
      this.#cut(new MuxError('ERR_MUX_TIMEOUT', text, { scope: 'session' }));
    });
    if (!isDraining) return;
    this.core.writer.schedule();
    this.#proceed();
  }

  abort(error: MuxError): void {
    this.onEnd(error, 'internal');
  }

  // Goes on to the end as far as the streams let it.
  #proceed(): void {
    const { table, closing, writer } = this.core;
    const isDone = table.streams.size === 0;
    // During a write an answer may arrive before the transport has all written bytes.
    if (closing?.isDone === true && this.#state === 'closing' && !writer.isFlushing) this.#end();
    else if (isDone && this.#state === 'draining') this.#end();
    else if (isDone && this.#state === 'open') this.#followPeer();
  }

  // Nothing is left to do for a peer that takes no new streams.
  #followPeer(): void {
    const goneAway = this.#inbound.goAways.counted;
    if (goneAway === undefined) return;
    if (goneAway.code === 0) this.#end();
    else this.onEnd(endedByPeer(goneAway.code), 'none');
  }

  // Nothing is left to say but that we are done.
  #end(): void {
    this.#state = 'ending';
    const { core } = this;
    core.isDraining = true;
    this.#drained$.next();
    this.#drained$.complete();
    // An observer may have ended it.
    if (this.isOver) return;
    const closed = closedError('local');
    this.#failStreams(closed);
    if (core.isOver) return;
    this.#error = closed;
    if (core.codec.traits.goAway !== 'none') this.#sayGoAway('none');
    this.#lastWords = lastWords(core).subscribe(({ error }) => {
      this.#cut(error);
    });
    core.writer.flush();
    if (!core.writer.isEmpty) core.writer.finish();
    core.conn.complete();
  }

  #sayGoAway(reason: Reason): void {
    if (this.#saidGoAway) return;
    this.#saidGoAway = true;
    const { writer, codec, table } = this.core;
    const { slab, at } = writer.room();
    writer.control(codec.encoder.goAway(slab, at, table.lastRemoteId, codec.codeOf(reason)));
  }

  #cut(error: MuxError | undefined): void {
    this.#finish(error, 'library');
    this.core.conn._destroy(error, error !== undefined);
  }

  #finish(error: MuxError | undefined, initiator: Initiator): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const { core } = this;
    const goneAway = this.#inbound.goAways.counted;
    this.#timeout?.unsubscribe();
    this.#lastWords?.unsubscribe();
    this.#watch.stop();
    core.writer.stop();
    const why = error ?? closedError(initiator);
    this.#error = why;
    this.taps.end();
    core.heartbeat.stop(why);
    this.opens.fail(neverOpened(why));
    this.#failStreams(why);
    core.accepts.end();
    core.end();
    this.#rtt$.complete();
    this.#drained$.complete();
    const remote = goneAway === undefined ? {} : { remoteCode: goneAway.code, remoteDebug: goneAway.debug };
    this.#closed$.next({ ...(error === undefined ? {} : { error }), initiator, ...remote });
    this.#closed$.complete();
  }

  #failStreams(error: MuxError): void {
    for (const stream of this.core.table.streams.values()) {
      stream.fail(stream.isUnopened ? neverOpened(error) : error);
    }
  }
}
