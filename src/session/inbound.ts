import { ProtocolError } from '../errors.js';
import type { FrameSink } from '../wire/codec.js';
import { resetError, type Core } from './core.js';
import { GoAways } from './go-aways.js';
import type { MuxStream } from './mux-stream.js';
import type { TypePrefix } from './stream-host.js';
import { weightOf } from './turns.js';

const TYPE_BYTES = 4;
// A frame of data smaller than this carries next to nothing.
const SMALL_BYTES = 8;
// As many bytes have to be sent for each grant that is not counted.
const GRANT_BYTES = 64;

/**
 * What inbound frames do: the state machine of a session. A stream that breaks the rules is reset; the session ends only for what
 * the protocol says, or where going on would mean to misread what follows.
 */
export class Inbound implements FrameSink {
  readonly goAways: GoAways;
  readonly #core: Core;
  // Where the bytes of the current frame go.
  #stream: MuxStream | undefined;
  #beatId = 0;
  #answeredBytes = 0;

  constructor(core: Core) {
    this.#core = core;
    this.goAways = new GoAways(core);
  }

  // False when what leaves between two frames, and whoever was told of it, has ended the session.
  #begin(): boolean {
    this.#core.framesRead++;
    this.#core.writer.betweenFrames();
    return !this.#core.isOver;
  }

  onOpen(id: number, credit: number, type: number, priority: number): void {
    const core = this.#core;
    const { table, codec } = core;
    if (!this.#begin()) return;
    const fault = table.whyNot(id);
    if (fault !== undefined) {
      if (table.wasReset(id) || codec.traits.wrongId === 'error') core.violation('ERR_MUX_STREAM_STATE', fault, id);
      else core.count(core.junk, 'streams with a wrong id');
      return;
    }
    if (!core.count(core.opens, 'streams')) return;
    table.lastRemoteId = Math.max(table.lastRemoteId, id);
    const { streamType, heartbeat, reservedTypes } = codec.traits;
    if (type >= 0 && type === heartbeat.streamType) {
      if (!core.heartbeat.accept(id)) core.refuse(id, 'refused');
    } else if (type >= (reservedTypes ?? Infinity)) core.refuse(id, 'streamClosed');
    else if (core.codec.traits.reset === 'none') {
      // A FIN as a refusal would mean that the stream was served. A stream that comes too late ends with its session; one without room waits.
      if (!core.isDraining) this.#accept(id, credit, type, priority, false);
      core.room.onOpened();
    } else if (core.isDraining || table.inbound >= core.settings.maxStreams || core.receiveRoom.isFull)
      core.refuse(id, 'refused');
    else if (core.accepts.isFull(table.untyped)) core.refuse(id, 'backlogFull');
    else this.#accept(id, credit, type, priority, streamType === 'prefix');
  }

  onAccept(id: number, credit: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    const stream = core.table.streams.get(id);
    const isFirst = this.#confirm(stream);
    if (!isFirst && credit === 0) core.count(core.junk, 'confirmations of nothing');
    else if (stream !== undefined && credit > 0 && (isFirst || this.#answersBytes()))
      this.#credit(stream, stream.sendWindowBytes + credit);
  }

  onDataHeader(id: number, length: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    if (length < SMALL_BYTES && !core.count(core.junk, 'frames that carry next to nothing')) return;
    const stream = core.table.streams.get(id);
    this.#stream = undefined;
    this.#beatId = 0;
    this.#confirm(stream);
    if (stream === undefined) this.#stray(id, length);
    // An empty frame is never late, and takes no window.
    else if (length > 0) this.#announce(stream, length);
  }

  onData(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === undefined) {
      if (this.#beatId > 0) this.#core.heartbeat.receive(this.#beatId, bytes);
      return;
    }
    if (stream.typePrefix !== undefined) this.#takeType(stream, stream.typePrefix, bytes);
    else {
      // Without windows there was nothing to check it against.
      if (this.#core.codec.traits.credit === 'none') stream.window.announce(bytes.length);
      stream.receive(bytes);
    }
  }

  onEnd(id: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    const stream = core.table.streams.get(id);
    this.#confirm(stream);
    if (stream === undefined || stream.remoteEnded) {
      // An end of what is over, or once more of what has ended, is what peers send that close twice.
      if (core.count(core.junk, 'ends of streams that are over')) core.heartbeat.forget(id);
    } else if (stream.typePrefix === undefined) stream.onEnd();
    else this.#fault(stream, 'ERR_MUX_STREAM_STATE', `stream ${id} ended within its type`);
  }

  onReset(id: number, code: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    const stream = core.table.streams.get(id);
    if (stream === undefined) {
      core.heartbeat.forget(id);
      if (!core.heartbeat.onReset(id)) core.count(core.junk, 'resets of streams that are over');
      return;
    }
    // Neither is answered by a reset, and what is on its way to it is expected.
    core.table.answer(id);
    const error = resetError(core.codec, stream, code);
    if (error.code === 'ERR_MUX_RESET' && !core.countReset(stream)) return;
    stream.fail(error);
  }

  onCredit(id: number, increment: number, consumed: number, window: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    const stream = core.table.streams.get(id);
    this.#confirm(stream);
    if (stream === undefined) {
      core.count(core.junk, 'grants to streams that are over');
      return;
    }
    if (!this.#answersBytes()) return;
    // Both counters are modulo 2^32, so what is in flight is too.
    const inFlight = (stream.sentBytes - consumed) >>> 0;
    if (core.codec.traits.credit === 'delta') this.#credit(stream, stream.sendWindowBytes + increment);
    else if (inFlight <= 0x7fff_ffff) stream.onCredit(window - inFlight);
    else this.#fault(stream, 'ERR_MUX_FLOW_CONTROL', `stream ${id}: the peer consumed more than it was sent`);
  }

  onPing(value: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    if (!core.count(core.junk, 'pings')) return;
    const { slab, at } = core.writer.room();
    core.writer.control(core.codec.encoder.pong(slab, at, value));
  }

  onPong(value: number): void {
    const core = this.#core;
    if (!this.#begin()) return;
    if (!core.heartbeat.onPong(value)) core.count(core.junk, 'answers to no ping');
  }

  onGoAway(lastId: number, code: number, debug: Uint8Array): void {
    if (this.#begin()) this.goAways.receive(lastId, code, debug);
  }

  onUnknown(type: number): void {
    if (!this.#begin()) return;
    this.#core.count(this.#core.junk, `frames of unknown type ${type}`);
  }

  #accept(id: number, credit: number, type: number, priority: number, isPrefixed: boolean): void {
    const core = this.#core;
    const stream = core.stream(false, weightOf(priority));
    stream.streamId = id;
    if (type >= 0) stream._know({ type });
    core.table.add(stream);
    if (credit > 0) this.#credit(stream, stream.sendWindowBytes + credit);
    if (stream.isOver) return;
    const { slab, at } = core.writer.room();
    // At once, not when it is accepted: a Go yamux peer ends the whole session over one unconfirmed stream.
    if (core.codec.traits.confirms) core.writer.control(core.codec.encoder.accept(slab, at, id, stream.window.grant()));
    else if (stream.window.isLarger) core.writer.owes(stream);
    core.streamsAccepted++;
    if (isPrefixed) {
      core.table.awaitType(stream);
      core.owner.onWatch();
    } else core.accepts.offer(stream);
  }

  #takeType(stream: MuxStream, prefix: TypePrefix, bytes: Uint8Array): void {
    const taken = Math.min(TYPE_BYTES - prefix.length, bytes.length);
    for (let i = 0; i < taken; i++) prefix.type = prefix.type * 256 + (bytes[i] as number);
    prefix.length += taken;
    if (prefix.length < TYPE_BYTES) {
      this.#core.spent(stream, taken);
      return;
    }
    this.#core.table.typed(stream);
    const { type } = prefix;
    const { heartbeat } = this.#core.codec.traits;
    if (type === heartbeat.streamType) this.#becomeHeartbeat(stream, bytes.subarray(taken));
    else {
      this.#core.spent(stream, taken);
      stream._know({ type });
      if (bytes.length > taken) stream.receive(bytes.subarray(taken));
      this.#core.accepts.offer(stream);
    }
  }

  #becomeHeartbeat(stream: MuxStream, beat: Uint8Array): void {
    const { table, heartbeat } = this.#core;
    table.remove(stream);
    this.#core.streamsAccepted--;
    this.#stream = undefined;
    if (!heartbeat.accept(stream.streamId)) {
      this.#core.refuse(stream.streamId, 'refused');
      return;
    }
    this.#beatId = stream.streamId;
    if (beat.length > 0) heartbeat.receive(stream.streamId, beat);
  }

  // Whatever the peer says on a stream of ours, it took it. True for the first time.
  #confirm(stream: MuxStream | undefined): boolean {
    if (stream === undefined || !this.#core.table.accepted(stream)) return false;
    this.#core.owner.onIdle();
    return true;
  }

  #announce(stream: MuxStream, length: number): void {
    if (stream.remoteEnded) {
      const text = `${length} bytes came after the end of stream ${stream.streamId}`;
      this.#fault(stream, 'ERR_MUX_STREAM_STATE', text);
    } else if (stream.isAbandoned) stream._destroy(undefined);
    else if (this.#core.codec.traits.credit === 'none' || stream.window.announce(length)) this.#stream = stream;
    else
      this.#overflow(stream, `${length} bytes came on stream ${stream.streamId}, allowed ${stream.window.creditBytes}`);
  }

  // Data for a stream that is not there: dropped as it arrives, refused once.
  #stray(id: number, length: number): void {
    const core = this.#core;
    // A small one was counted already.
    if (length >= SMALL_BYTES && !core.count(core.junk, 'beats, and frames of streams that are over')) return;
    if (core.heartbeat.expects(id, length)) this.#beatId = id;
    else {
      core.heartbeat.forget(id);
      if (id > 0 && core.codec.traits.reset !== 'none') core.refuse(id, 'streamClosed');
    }
  }

  #overflow(stream: MuxStream, text: string): void {
    const core = this.#core;
    if (core.codec.traits.overflowEnds === 'session') core.violation('ERR_MUX_FLOW_CONTROL', text, stream.streamId);
    else this.#fault(stream, 'ERR_MUX_FLOW_CONTROL', text);
  }

  #credit(stream: MuxStream, windowBytes: number): void {
    const most = this.#core.codec.traits.maxWindowBytes;
    if (windowBytes <= most) stream.onCredit(windowBytes);
    else this.#overflow(stream, `the peer granted ${windowBytes} bytes on stream ${stream.streamId}, allowed ${most}`);
  }

  // A grant answers bytes that we sent. A grant without them is counted.
  #answersBytes(): boolean {
    const { writer, junk } = this.#core;
    if (writer.bytesWritten - this.#answeredBytes < GRANT_BYTES)
      return this.#core.count(junk, 'grants that answer next to nothing');
    this.#answeredBytes += GRANT_BYTES;
    return true;
  }

  // The peer made us reset a stream: that counts like a reset of its own (MadeYouReset, CVE-2025-8671).
  #fault(stream: MuxStream, code: 'ERR_MUX_FLOW_CONTROL' | 'ERR_MUX_STREAM_STATE', text: string): void {
    const core = this.#core;
    if (!core.count(core.resets, 'frames that made us reset a stream')) return;
    stream._destroy(new ProtocolError(code, text, stream.facts('remote')));
  }
}
