import { asapScheduler } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import type { Codec, Encoder } from '../wire/codec.js';
import type { MuxStream } from './mux-stream.js';
import { Outbox } from './outbox.js';
import { Turns } from './turns.js';

/** One write takes this much and the rest of a turn, so that what becomes urgent next is not behind megabytes. */
export const FLUSH_BYTES = 131_072;
const SMALL_BYTES = 1024;
/** Frames of control that may wait for a transport that takes nothing; past it we stop reading what makes us answer. */
const MAX_CONTROL_BYTES = 65_536;

// So many streams that have something to send do not wait for the end of a chunk: the peer works on it while we read on. Two sides that
// wait for each other's whole batch leave both cores idle by turns: with short streams, 64 at a time, the half of the speed (decision 47).
const EARLY_TURNS = 32;

/** What the writer tells its session. */
export interface WriterOwner {
  /** The transport is stuck, or no longer, with so much to answer that reading has to wait. */
  onCongested(isCongested: boolean): void;
  /** Everything that could be sent was handed to the transport. */
  onFlushed(): void;
  /** The transport takes nothing for now. */
  onBlocked(): void;
}

/**
 * Everything a session sends: control frames first, in order, then data by turns. What is written during one tick, or while one
 * inbound chunk is decoded, leaves in one write, or in a few where many streams have something to say.
 */
export class Writer {
  readonly outbox = new Outbox();
  readonly turns = new Turns();
  /** Writes handed to the transport, frames of data and frames of credit sent. */
  writes = 0;
  dataFrames = 0;
  creditFrames = 0;
  bytesWritten = 0;
  readonly #conn: Conn;
  readonly #encoder: Encoder;
  readonly #maxControlBytes: number;
  readonly #maxPayloadBytes: number;
  readonly #owner: WriterOwner;
  #credited: MuxStream[] = [];
  // A flush is on its way: scheduled, held back until the end of a chunk, or waiting for the transport to drain.
  #isHeld = false;
  #isScheduled = false;
  #isFlushing = false;
  #isBlocked = false;
  #forget: () => void = () => undefined;
  #isCongested = false;
  #isOver = false;

  constructor(conn: Conn, codec: Codec, maxPayloadBytes: number, owner: WriterOwner) {
    this.#conn = conn;
    this.#encoder = codec.encoder;
    this.#maxControlBytes = codec.traits.maxControlBytes;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#owner = owner;
  }

  /** True while the transport takes nothing more. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** True while a write is collected or handed over; `onFlushed` follows. */
  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  get isEmpty(): boolean {
    return this.outbox.bytes === 0 && this.turns.length === 0 && this.#credited.length === 0;
  }

  /** Room for a control frame: write it to `outbox.slab`, then say {@link Writer.control}. */
  room(): Outbox {
    this.outbox.reserve(this.#maxControlBytes);
    return this.outbox;
  }

  /** A control frame was written up to `at`. */
  control(at: number): void {
    this.outbox.wrote(at);
    if (this.isBlocked && !this.#isCongested && this.outbox.bytes > MAX_CONTROL_BYTES) this.#congested(true);
    this.schedule();
  }

  /** Sends bytes as they are, as control. */
  raw(bytes: Uint8Array): void {
    this.outbox.append(bytes);
    this.schedule();
  }

  /** A stream has data, or its end, and window for it. */
  ready(stream: MuxStream): void {
    this.turns.add(stream);
    this.schedule();
  }

  /** A stream owes its peer credit: one frame for all of it at the next flush. */
  owes(stream: MuxStream): void {
    if (stream.owesCredit) return;
    stream.owesCredit = true;
    this.#credited.push(stream);
    this.schedule();
  }

  /** A chunk is being decoded: from here to `release` answers are kept, to go together, but for {@link Writer.betweenFrames}. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Within a chunk, where one frame is over and the next not begun: sends early what many streams have to say. */
  betweenFrames(): void {
    if (this.turns.length >= EARLY_TURNS && !this.#isBlocked && !this.#isFlushing) this.#write();
  }

  release(): void {
    this.#isHeld = false;
    this.flush();
  }

  /** Sends what is collected, whatever the transport says, and nothing after it: the last words. */
  finish(): void {
    this.#isHeld = false;
    if (this.outbox.bytes > 0) this.#send();
    this.stop();
  }

  schedule(): void {
    if (this.#isScheduled || this.#isHeld || this.isBlocked || this.#isOver) return;
    this.#isScheduled = true;
    asapScheduler.schedule(this.#onTick);
  }

  flush(): void {
    // What a write leads to, in memory at once, may end up here again: the loop that runs takes it along.
    if (this.#isFlushing) return;
    while (!this.isBlocked && !this.#isOver && !this.#isHeld && !this.isEmpty) {
      if (!this.#write()) break;
    }
    if (!this.isBlocked && !this.#isOver) this.#owner.onFlushed();
  }

  stop(): void {
    this.#isOver = true;
    if (this.#isBlocked) this.#forget();
    this.#isBlocked = false;
    this.turns.clear();
    this.#credited = [];
  }

  readonly #onTick = (): void => {
    this.#isScheduled = false;
    if (!this.#isHeld) this.flush();
  };

  readonly #onDrained = (): void => {
    this.#isBlocked = false;
    if (this.#isCongested) this.#congested(false);
    if (!this.#isHeld) this.flush();
  };

  // False when there was nothing to send.
  #write(): boolean {
    this.#isFlushing = true;
    try {
      this.#collect();
      const { bytes } = this.outbox;
      if (bytes === 0) return false;
      this.bytesWritten += bytes;
      this.writes++;
      if (!this.#send()) this.#wait();
      return true;
    } finally {
      this.#isFlushing = false;
    }
  }

  #send(): boolean {
    const done = this.outbox.takeDone();
    return this.#conn._writeAll(this.outbox.take(), done);
  }

  #wait(): void {
    this.#isBlocked = true;
    const forget = this.#conn._drained(this.#onDrained);
    // A transport that has drained meanwhile called back at once.
    if (!this.isBlocked) return;
    this.#forget = forget;
    this.#owner.onBlocked();
  }

  #congested(isCongested: boolean): void {
    this.#isCongested = isCongested;
    this.#owner.onCongested(isCongested);
  }

  #collect(): void {
    const { outbox, turns } = this;
    if (this.#credited.length > 0) this.#grant();
    while (outbox.bytes < FLUSH_BYTES) {
      const stream = turns.next();
      if (stream === undefined) return;
      this.#takeTurn(stream);
    }
  }

  #grant(): void {
    const credited = this.#credited;
    this.#credited = [];
    for (const stream of credited) {
      stream.owesCredit = false;
      const increment = stream.grant();
      if (increment === 0) continue;
      this.creditFrames++;
      const { consumedBytes, sizeBytes } = stream.window;
      const { slab, at } = this.room();
      this.outbox.wrote(this.#encoder.credit(slab, at, stream.streamId, increment, consumedBytes % 2 ** 32, sizeBytes));
    }
  }

  // One turn of one stream: frames while its account lasts, then its end, or the next turn.
  #takeTurn(stream: MuxStream): void {
    const { outbox } = this;
    for (;;) {
      const wanted = Math.min(stream.sendableBytes, this.#maxPayloadBytes);
      const bytes = Math.min(wanted, stream.deficitBytes);
      // What is left of an account is kept for the next turn rather than spent on a small frame.
      if (bytes <= 0 || (bytes < wanted && bytes < SMALL_BYTES)) break;
      const opens = stream.opensNow();
      outbox.reserve(this.#maxControlBytes);
      outbox.wrote(this.#encoder.dataHeader(outbox.slab, outbox.at, stream.streamId, bytes, opens));
      if (opens && stream.window.isLarger) this.owes(stream);
      stream.moveTo(outbox, bytes);
      this.dataFrames++;
    }
    if (stream.sendableBytes > 0) {
      this.turns.add(stream);
      return;
    }
    stream.deficitBytes = 0;
    if (stream.isEndDue) this.#end(stream);
    stream.onSent();
  }

  #end(stream: MuxStream): void {
    // SYN and FIN never share a frame: muxado peers lose their reply path over it.
    if (stream.opensNow()) {
      const { slab, at } = this.room();
      this.outbox.wrote(this.#encoder.open(slab, at, stream.streamId, 0, -1, -1));
      if (stream.window.isLarger) this.owes(stream);
    }
    const { slab, at } = this.room();
    this.outbox.wrote(this.#encoder.end(slab, at, stream.streamId));
    stream.onEndSent();
  }
}
