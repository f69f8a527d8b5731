import { interval, timer, type Subscriber, type Subscription } from 'rxjs';
import { putU32 } from '../bytes/integers.js';
import { SessionClosedError, UsageError, type MuxError } from '../errors.js';
import type { KeepAliveOptions } from './options.js';
import type { Settings } from './settings.js';
import type { StreamTable } from './stream-table.js';
import type { Writer } from './writer.js';

const BEAT_BYTES = 4;
const MAX_PENDING = 64;
// Silence is looked at so often between two beats.
const LOOKS = 4;
// In one frame. Peers write each beat in a frame of its own.
const MAX_ECHOED_BEATS = 4;
// Peers have one, Go's of muxado 1 two.
const MAX_ECHOED = 8;
const MAX_PRIORITY = 0x7fff_ffff;
// A share of each new sample, as TCP's smoothed round trip has it (RFC 6298).
const SAMPLE_SHARE = 1 / 8;
// The lowest of so many is what the path takes without queues, until it is another path.
const MAX_SAMPLES = 8;

interface Beat {
  /** What its answer is known by: its value, the id of its probe, or which it is of those on the stream. */
  readonly value: number;
  readonly sentAt: number;
  /** The caller that waits for it, if one still does. */
  subscriber: Subscriber<number> | undefined;
}

/** What a heartbeat needs of its session. */
export interface HeartbeatHost {
  readonly settings: Settings;
  readonly table: StreamTable;
  readonly writer: Writer;
  /** Bytes received so far. */
  readonly bytesRead: number;
  now(): number;
  readonly owner: {
    /** True while we read nothing. */
    readonly isHolding: boolean;
    onRoundTrip(ms: number): void;
    /** The peer is dead. */
    onEnd(error: MuxError, reason: 'internal'): void;
  };
}

/**
 * Proves that the peer lives, in the protocol's own way: a ping, a stream whose bytes are echoed, a probe that is refused, or a
 * signal without an answer. Any inbound byte proves it too, and nothing else does. Time is counted in beats, not read from a clock:
 * a clock that jumps and a process that was suspended cost one beat each.
 */
export class Heartbeat {
  /** The round trip in milliseconds, smoothed; undefined before the first. */
  rttMs: number | undefined;
  readonly #host: HeartbeatHost;
  readonly #samples: number[] = [];
  readonly #echoed = new Set<number>();
  #pending: Beat[] = [];
  #value = 0;
  #streamId: number | undefined;
  // Of our stream: beats that were echoed, and bytes of the next.
  #answers = 0;
  #gathered = 0;
  #lastRead = 0;
  #quietMs = 0;
  #sinceBeatMs = 0;
  #timer: Subscription | undefined;
  #verdict: Subscription | undefined;

  constructor(host: HeartbeatHost) {
    this.#host = host;
  }

  /** The lowest of the last round trips in milliseconds: what is behind our own data in queues takes longer. */
  get lowestRttMs(): number | undefined {
    return this.#samples.length === 0 ? undefined : Math.min(...this.#samples);
  }

  /** Begins to beat, with the first beat now, and the second behind its answer: windows are tuned by their round trips. */
  start(): void {
    const { keepAlive, scheduler } = this.#host.settings;
    if (keepAlive === false) return;
    this.#send(undefined);
    const lookMs = Math.ceil(keepAlive.intervalMs / LOOKS);
    this.#timer = interval(lookMs, scheduler).subscribe(() => {
      this.#look(lookMs, keepAlive);
    });
  }

  stop(error: MuxError): void {
    this.#timer?.unsubscribe();
    this.#verdict?.unsubscribe();
    const pending = this.#pending;
    this.#pending = [];
    for (const { subscriber } of pending) subscriber?.error(error);
  }

  /** Sends a beat for one who wants to know its round trip. */
  ping(subscriber: Subscriber<number>): void {
    if (this.#traits.by === 'signal') {
      subscriber.error(
        new UsageError('ERR_MUX_USAGE', 'this protocol answers no ping: there is no round trip to tell'),
      );
    } else if (this.#pending.length >= MAX_PENDING && !this.#dropUnwanted()) {
      const text = `${this.#pending.length} pings wait for their answer, allowed ${MAX_PENDING}`;
      subscriber.error(new UsageError('ERR_MUX_STREAM_LIMIT', text));
    } else {
      this.#send(subscriber);
      subscriber.add(() => {
        const beat = this.#pending.find((pending) => pending.subscriber === subscriber);
        if (beat !== undefined) beat.subscriber = undefined;
      });
    }
  }

  /** True for a frame of so many bytes on a stream that carries heartbeats, of either side; false where they can't be beats. */
  expects(id: number, bytes: number): boolean {
    const beats = bytes / BEAT_BYTES;
    return id === this.#streamId ? beats <= MAX_PENDING : this.#echoed.has(id) && beats <= MAX_ECHOED_BEATS;
  }

  /** The peer opened a stream for its heartbeats; false when it has too many. */
  accept(id: number): boolean {
    if (this.#echoed.size >= MAX_ECHOED) return false;
    this.#echoed.add(id);
    return true;
  }

  /** Bytes on a heartbeat stream. */
  receive(id: number, bytes: Uint8Array): void {
    // 4 bytes a beat would use up the smallest window in 13 hours.
    this.#credit(id, bytes.length);
    if (this.#echoed.has(id)) this.#sendData(id, bytes, false);
    else this.#answered(bytes.length);
  }

  /** A heartbeat stream ended. Ours is not opened again: any byte of the peer still proves life. */
  forget(id: number): void {
    this.#echoed.delete(id);
  }

  /** The answer to a ping; false when it answers none. */
  onPong(value: number): boolean {
    const at = this.#pending.findIndex((beat) => beat.value === value);
    if (at >= 0) this.#arrived(at);
    return at >= 0;
  }

  /** A reset of a stream that never was; true when it answers a probe. */
  onReset(id: number): boolean {
    return this.#traits.by === 'probe' && this.onPong(id);
  }

  get #traits(): Settings['codec']['traits']['heartbeat'] {
    return this.#host.settings.codec.traits.heartbeat;
  }

  #look(lookMs: number, { intervalMs, timeoutMs }: Required<KeepAliveOptions>): void {
    this.#count(lookMs);
    this.#sinceBeatMs += lookMs;
    if (this.#sinceBeatMs >= intervalMs) {
      this.#sinceBeatMs = 0;
      this.#send(undefined);
    }
    // The next look would be too late.
    if (this.#quietMs + lookMs > timeoutMs) this.#judgeIn(timeoutMs - this.#quietMs, timeoutMs);
  }

  // Sooner than the next check, so no earlier verdict is pending.
  #judgeIn(ms: number, timeoutMs: number): void {
    this.#verdict = timer(ms, this.#host.settings.scheduler).subscribe(() => {
      if (this.#wasHeard) {
        // The next look counts anew: from here on it would count time twice.
        this.#lastRead = -1;
        return;
      }
      const text = `nothing was heard of the peer for ${this.#quietMs + ms} ms, allowed ${timeoutMs}`;
      this.#host.owner.onEnd(new SessionClosedError('ERR_MUX_KEEPALIVE', text, { scope: 'session' }), 'internal');
    });
  }

  // While we do not read, no byte can arrive. A full transport proves nothing: a dead network looks the same.
  get #wasHeard(): boolean {
    const { bytesRead, owner } = this.#host;
    return bytesRead !== this.#lastRead || owner.isHolding;
  }

  #count(ms: number): void {
    this.#quietMs = this.#wasHeard ? 0 : this.#quietMs + ms;
    this.#lastRead = this.#host.bytesRead;
  }

  // A beat that was never answered, and that no caller waits for, gives way to the next: a peer need not answer to be alive.
  #dropUnwanted(): boolean {
    const at = this.#pending.findIndex((beat) => beat.subscriber === undefined);
    if (at >= 0) this.#pending.splice(at, 1);
    return at >= 0;
  }

  #send(subscriber: Subscriber<number> | undefined): void {
    const { writer, settings, table } = this.#host;
    const { encoder } = settings.codec;
    const { by, constant } = this.#traits;
    this.#value = by === 'probe' ? table.probeId(this.#value) : (this.#value + 1) >>> 0;
    if (by === 'stream') {
      const id = (this.#streamId ??= this.#open());
      // Without an id there is no stream to beat on: what the peer sends still proves life.
      if (id === undefined) {
        const text = 'stream ids are used up: none is left for heartbeats';
        subscriber?.error(new SessionClosedError('ERR_MUX_IDS_EXHAUSTED', text, { scope: 'session' }));
        return;
      }
      this.#sendBeat(id, constant === true ? 0 : this.#value, false);
    } else if (by === 'probe') {
      const { slab, at } = writer.room();
      writer.control(encoder.dataHeader(slab, at, this.#value, 0, false));
    } else {
      const { slab, at } = writer.room();
      writer.control(encoder.ping(slab, at, this.#value));
    }
    if (by === 'signal') return;
    // With as many who wait the beat is sent all the same, and not timed.
    if (this.#pending.length < MAX_PENDING || this.#dropUnwanted())
      this.#pending.push({ value: this.#value, sentAt: this.#host.now(), subscriber });
  }

  #open(): number | undefined {
    const { table, settings, writer } = this.#host;
    const { encoder, traits } = settings.codec;
    const id = table.takeId();
    if (id === undefined) return undefined;
    const type = traits.heartbeat.streamType ?? 0;
    if (traits.streamType === 'prefix') this.#sendBeat(id, type, true);
    else {
      const { slab, at } = writer.room();
      writer.control(encoder.open(slab, at, id, 0, type, MAX_PRIORITY));
    }
    return id;
  }

  #sendBeat(id: number, value: number, opens: boolean): void {
    const body = new Uint8Array(BEAT_BYTES);
    putU32(body, 0, value);
    this.#sendData(id, body, opens);
  }

  #sendData(id: number, body: Uint8Array, opens: boolean): void {
    const { writer, settings } = this.#host;
    const outbox = writer.room();
    outbox.wrote(settings.codec.encoder.dataHeader(outbox.slab, outbox.at, id, body.length, opens));
    writer.raw(body);
  }

  #credit(id: number, bytes: number): void {
    const { writer, settings } = this.#host;
    const { slab, at } = writer.room();
    writer.control(settings.codec.encoder.credit(slab, at, id, bytes, 0, 0));
  }

  // Beats are echoed in order, so their bytes are counted: those of a beat that was dropped, or never timed, as well.
  #answered(bytes: number): void {
    this.#gathered += bytes;
    while (this.#gathered >= BEAT_BYTES) {
      this.#gathered -= BEAT_BYTES;
      // More than was sent answers nothing.
      if (this.#answers === this.#value) continue;
      this.#answers = (this.#answers + 1) >>> 0;
      this.onPong(this.#answers);
    }
  }

  #arrived(at: number): void {
    const [beat] = this.#pending.splice(at, 1);
    if (beat === undefined) return;
    const sample = Math.max(0, this.#host.now() - beat.sentAt);
    this.rttMs = this.rttMs === undefined ? sample : this.rttMs + (sample - this.rttMs) * SAMPLE_SHARE;
    this.#samples.push(sample);
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    // The first is that of code which is compiled as it comes: one right behind it tells more of the link.
    if (this.#samples.length === 1 && this.#timer !== undefined) this.#send(undefined);
    this.#host.owner.onRoundTrip(sample);
    beat.subscriber?.next(sample);
    beat.subscriber?.complete();
  }
}
