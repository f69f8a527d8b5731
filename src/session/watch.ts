import { interval, type Subscription } from 'rxjs';
import { MuxError, ProtocolError } from '../errors.js';
import type { Core } from './core.js';
import type { MuxStream } from './mux-stream.js';
import type { TypePrefix } from './stream-host.js';
import { tickMs } from './tick.js';

// Windows count their idle time in checks of a second each.
const REST_MS = 1000;

/**
 * The one timer for all that may take too long: a transport that takes nothing, half a frame, half a stream type, a stream that
 * the peer never ends, or grants no credit. It runs only while there is something to check. It counts its own ticks and reads no clock, so a clock
 * that jumps changes nothing. A tick is a second, or less where a limit is shorter than four.
 */
export class Watch {
  readonly #core: Core;
  readonly #isMidFrame: () => boolean;
  readonly #tickMs: number;
  readonly #lingering = new Map<MuxStream, { bytes: number; ticks: number }>();
  #timer: Subscription | undefined;
  #taken = 0;
  #heard = 0;
  #fullTicks = 0;
  #silentTicks = 0;
  #read = 0;
  #midTicks = 0;
  #unheardTicks = 0;
  #sinceRestMs = 0;

  constructor(core: Core, isMidFrame: () => boolean) {
    this.#core = core;
    this.#isMidFrame = isMidFrame;
    const { frameTimeoutMs, stallTimeoutMs, writeTimeoutMs, lingerTimeoutMs } = core.settings;
    this.#tickMs = tickMs(frameTimeoutMs, stallTimeoutMs, writeTimeoutMs, lingerTimeoutMs);
  }

  start(): void {
    this.#timer ??= interval(this.#tickMs, this.#core.settings.scheduler).subscribe(() => {
      this.#tick();
    });
  }

  stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#lingering.clear();
  }

  #tick(): void {
    const looks = [this.#transport(), this.#frame(), this.#streams(), this.#room(), this.#crossed()];
    if (!looks.includes(false)) this.stop();
  }

  // Each look answers whether there is nothing to look at.

  #transport(): boolean {
    const { writer, settings, owner, conn, bytesRead, holdsReading } = this.#core;
    if (!writer.isBlocked) return true;
    const taken = writer.bytesWritten - conn.bufferedBytes;
    // While we wait for our own readers no byte of the peer can arrive, and it may wait for us.
    const isFull = taken === this.#taken && !holdsReading;
    this.#fullTicks = isFull ? this.#fullTicks + 1 : 0;
    this.#silentTicks = isFull && bytesRead === this.#heard ? this.#silentTicks + 1 : 0;
    this.#taken = taken;
    this.#heard = bytesRead;
    const { stallTimeoutMs, writeTimeoutMs } = settings;
    const isStalled = this.#silentTicks * this.#tickMs >= stallTimeoutMs;
    // A peer that sends is alive, but no write waits for it for ever.
    if (isStalled || this.#fullTicks * this.#tickMs >= writeTimeoutMs) {
      const ms = isStalled ? stallTimeoutMs : writeTimeoutMs;
      const text = `the connection took nothing for ${ms} ms${isStalled ? ', and nothing was heard of the peer' : ''}`;
      owner.onEnd(new MuxError('ERR_MUX_TIMEOUT', text, { scope: 'session' }), 'internal');
    }
    return false;
  }

  #frame(): boolean {
    const { bytesRead, settings, owner } = this.#core;
    if (!this.#isMidFrame()) return true;
    this.#midTicks = bytesRead === this.#read && !owner.isHolding ? this.#midTicks + 1 : 0;
    this.#read = bytesRead;
    if (this.#midTicks * this.#tickMs >= settings.frameTimeoutMs) {
      const text = `half a frame came, and nothing more for ${settings.frameTimeoutMs} ms`;
      owner.onEnd(new ProtocolError('ERR_MUX_TIMEOUT', text, { scope: 'session', initiator: 'remote' }), 'protocol');
    }
    return false;
  }

  // Other sessions may have made room in the budget of the process.
  #room(): boolean {
    const { room, receiveRoom } = this.#core;
    room.look();
    receiveRoom.look();
    return !room.isAwaited && !receiveRoom.isHeld;
  }

  // Without a GoAway on the wire both sides may drain, and each drop the streams of the other: they would wait for each other for ever.
  #crossed(): boolean {
    const { room, table, settings, owner } = this.#core;
    if (!room.hasDropped) return true;
    const isUnheard = table.inbound === 0 && [...table.streams].every(({ bytesRead }) => bytesRead === 0);
    this.#unheardTicks = isUnheard ? this.#unheardTicks + 1 : 0;
    if (this.#unheardTicks * this.#tickMs >= settings.stallTimeoutMs) {
      const text = `a stream of the peer was dropped, and ours were not answered for ${settings.stallTimeoutMs} ms`;
      owner.onEnd(new MuxError('ERR_MUX_TIMEOUT', text, { scope: 'session' }), 'none');
    }
    return false;
  }

  #streams(): boolean {
    const { table } = this.#core;
    const rests = this.#isTimeToRest();
    let isIdle = true;
    for (const stream of [...table.streams]) {
      if (stream.typePrefix !== undefined) this.#untyped(stream, stream.typePrefix);
      if (stream.isHalfClosed) this.#silent(stream);
      else if (stream.bufferedBytes > 0) this.#stuck(stream);
      // Unused growth is given back.
      if (rests ? stream.window.rest() : stream.window.hasGrown) isIdle = false;
    }
    // A stream without unsent bytes does not wait, until its next write.
    for (const stream of this.#lingering.keys()) if (!isAwaited(stream)) this.#lingering.delete(stream);
    return isIdle && table.untyped === 0 && this.#lingering.size === 0;
  }

  #isTimeToRest(): boolean {
    this.#sinceRestMs += this.#tickMs;
    if (this.#sinceRestMs < REST_MS) return false;
    this.#sinceRestMs = 0;
    return true;
  }

  #untyped(stream: MuxStream, prefix: TypePrefix): void {
    const { frameTimeoutMs } = this.#core.settings;
    if (++prefix.ticks * this.#tickMs < frameTimeoutMs) return;
    const text = `${prefix.length} bytes of the type of stream ${stream.streamId} came in ${frameTimeoutMs} ms, wanted 4`;
    stream._destroy(new ProtocolError('ERR_MUX_TIMEOUT', text, stream.facts('remote')));
  }

  #silent(stream: MuxStream): void {
    const { settings, owner } = this.#core;
    const { lingerTimeoutMs } = settings;
    // With unread bytes our own reader has to go on. While we do not read, no byte of any stream can arrive.
    const bytes = stream.window.heldBytes > 0 || owner.isHolding ? NaN : stream.bytesRead;
    if (!this.#isStill(stream, bytes, lingerTimeoutMs)) return;
    const text = `stream ${stream.streamId} was ended, and nothing came from the peer for ${lingerTimeoutMs} ms`;
    stream._destroy(new MuxError('ERR_MUX_TIMEOUT', text, stream.facts('library')));
  }

  #stuck(stream: MuxStream): void {
    const { codec, settings, writer, owner } = this.#core;
    // One that has ended for good looks like one that has half-closed: to smux they are the same.
    const isShort = stream.isFailing || (stream.remoteEnded && codec.traits.reset === 'none');
    const limitMs = isShort ? settings.stallTimeoutMs : settings.writeTimeoutMs;
    // A full transport has a check of its own. While we do not read, credit cannot arrive.
    const bytes = writer.isBlocked || owner.isHolding ? NaN : stream.sentBytes;
    if (!this.#isStill(stream, bytes, limitMs)) return;
    const text = `${stream.bufferedBytes} bytes wait on stream ${stream.streamId}, and the peer took none for ${limitMs} ms`;
    stream._destroy(new MuxError('ERR_MUX_TIMEOUT', text, stream.facts('library')));
  }

  // True when the figure has been the same for so long. NaN is never the same.
  #isStill(stream: MuxStream, bytes: number, limitMs: number): boolean {
    const seen = this.#lingering.get(stream);
    if (seen?.bytes === bytes) return ++seen.ticks * this.#tickMs >= limitMs;
    this.#lingering.set(stream, { bytes, ticks: 0 });
    return false;
  }
}

const isAwaited = ({ isOver, isHalfClosed, bufferedBytes }: MuxStream): boolean =>
  !isOver && (isHalfClosed || bufferedBytes > 0);
