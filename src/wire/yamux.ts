import { putU16, putU32, u16, u32 } from '../bytes/integers.js';
import type { Codec, Decoder, Encoder, FrameSink, Traits } from './codec.js';
import { FrameDecoder } from './frame-decoder.js';
import { NO_LAST_ID } from './frame.js';

// hashicorp/yamux spec.md: version u8 = 0, type u8, flags u16, stream id u32, length u32; big-endian.
const HEADER_BYTES = 12;
const VERSION = 0;
const DATA = 0;
const WINDOW_UPDATE = 1;
const PING = 2;
const GO_AWAY = 3;
const SYN = 1;
const ACK = 2;
const FIN = 4;
const RST = 8;
const ALL_FLAGS = 15;
const INITIAL_WINDOW = 262_144;
// A reader that takes 64 KiB at a time loses nothing, and another stream waits for no more than that.
const MAX_PAYLOAD = 65_536;

const traits: Traits = {
  firstId: { client: 1, server: 2 },
  // session.go: OpenStream refuses at 2^32-2.
  maxId: 0xffff_fffd,
  initialWindowBytes: INITIAL_WINDOW,
  maxWindowBytes: 0xffff_ffff,
  credit: 'delta',
  maxPayloadBytes: MAX_PAYLOAD,
  maxControlBytes: HEADER_BYTES,
  lazyOpen: false,
  confirms: true,
  ascendingIds: false,
  wrongId: 'error',
  reset: 'plain',
  // Everybody but hashicorp's own library ends the whole session on GoAway 0: it comes last.
  goAway: 'late',
  overflowEnds: 'session',
  streamType: 'none',
  heartbeat: { by: 'ping', intervalMs: 30_000, timeoutMs: 40_000 },
};

function header(out: Uint8Array, at: number, type: number, flags: number, id: number, length: number): number {
  putU16(out, at, type);
  putU16(out, at + 2, flags);
  putU32(out, at + 4, id);
  putU32(out, at + 8, length);
  return at + HEADER_BYTES;
}

const encoder: Encoder = {
  open: (out, at, id, credit) => header(out, at, WINDOW_UPDATE, SYN, id, credit),
  accept: (out, at, id, credit) => header(out, at, WINDOW_UPDATE, ACK, id, credit),
  dataHeader: (out, at, id, length) => header(out, at, DATA, 0, id, length),
  end: (out, at, id) => header(out, at, WINDOW_UPDATE, FIN, id, 0),
  // go-yamux reads a code in the length of an RST; hashicorp's adds it to a window that is gone, so it stays 0.
  reset: (out, at, id) => header(out, at, WINDOW_UPDATE, RST, id, 0),
  credit: (out, at, id, increment) => header(out, at, WINDOW_UPDATE, 0, id, increment),
  ping: (out, at, value) => header(out, at, PING, SYN, 0, value),
  pong: (out, at, value) => header(out, at, PING, ACK, 0, value),
  goAway: (out, at, _lastId, code) => header(out, at, GO_AWAY, 0, 0, code),
};

class YamuxDecoder extends FrameDecoder {
  #dataId = 0;
  #dataEnds = 0;

  constructor(sink: FrameSink) {
    super(sink, HEADER_BYTES);
  }

  protected header(bytes: Uint8Array, at: number): void {
    const type = bytes[at + 1] ?? 0;
    // stream.go, processFlags: undefined flags are ignored.
    const flags = u16(bytes, at + 2) & ALL_FLAGS;
    const id = u32(bytes, at + 4);
    const length = u32(bytes, at + 8);
    if (bytes[at] !== VERSION) throw this.violation(`yamux frame of version ${bytes[at] ?? 0}, wanted ${VERSION}`);
    if (type === DATA || type === WINDOW_UPDATE) this.#streamFrame(type, flags, id, length);
    else if (type === PING) this.#ping(flags, length);
    else if (type === GO_AWAY) this.sink.onGoAway(NO_LAST_ID, length, new Uint8Array(0));
    else throw this.violation(`yamux frame of unknown type ${type}`);
  }

  protected control(): void {}

  protected dataDone(): void {
    if ((this.#dataEnds & RST) !== 0) this.sink.onReset(this.#dataId, 0);
    else if ((this.#dataEnds & FIN) !== 0) this.sink.onEnd(this.#dataId);
  }

  #streamFrame(type: number, flags: number, id: number, length: number): void {
    // Without SYN it concerns no stream, and has no effect.
    if (id === 0 && (flags & SYN) !== 0) throw this.violation('yamux frame that opens a stream with id 0');
    const credit = type === WINDOW_UPDATE ? length : 0;
    const isReset = (flags & RST) !== 0;
    if ((flags & SYN) !== 0) this.sink.onOpen(id, isReset ? 0 : credit, -1, -1);
    else if ((flags & ACK) !== 0) this.sink.onAccept(id, isReset ? 0 : credit);
    else if (type === WINDOW_UPDATE && (flags & (RST | FIN)) === 0) this.sink.onCredit(id, credit, -1, -1);
    else if (credit > 0 && !isReset) this.sink.onCredit(id, credit, -1, -1);
    if (type === DATA) {
      this.#dataId = id;
      this.#dataEnds = flags;
      // Flags ride on data of no length too.
      if (length > 0 || flags === 0) this.sink.onDataHeader(id, length);
      this.expectData(length);
    } else if (isReset) this.sink.onReset(id, length);
    else if ((flags & FIN) !== 0) this.sink.onEnd(id);
  }

  #ping(flags: number, value: number): void {
    if ((flags & SYN) !== 0) this.sink.onPing(value);
    // session.go, handlePing: a ping that is no request answers one, or nothing.
    else this.sink.onPong(value);
  }
}

const CODES = { protocol: 1, internal: 2, flowControl: 1, frameSize: 1, calm: 2 } as const;

/** Settings of {@link yamux}. */
export interface YamuxOptions {
  /**
   * Says GoAway before the streams drain instead of after. Only hashicorp's own library goes on with its streams then; all
   * others end the session, and what is on them is lost.
   * @defaultValue false
   */
  readonly earlyGoAway?: boolean;
}

/**
 * yamux, as of hashicorp/yamux, libp2p and many others: 12-byte headers, 256 KiB windows, pings, no reset codes.
 *
 * @param options - what to do otherwise
 * @see docs/wire/yamux.md
 * @example
 * ```ts
 * const s = session(conn, { codec: yamux(), role: 'client' });
 * ```
 */
export function yamux({ earlyGoAway = false }: YamuxOptions = {}): Codec<'yamux'> {
  return earlyGoAway ? early : late;
}

function make(goAway: Traits['goAway']): Codec<'yamux'> {
  const codec: Codec<'yamux'> = {
    protocol: 'yamux',
    firstBytes: [VERSION],
    traits: { ...traits, goAway },
    encoder,
    decoder: (sink): Decoder => new YamuxDecoder(sink),
    codeOf: (reason) => (reason in CODES ? CODES[reason as keyof typeof CODES] : 0),
    reasonOf: (code) => (['none', 'protocol', 'internal'] as const)[code],
    match: ({ bytes }) => {
      if (!bytes.subarray(0, OPENING_BYTES).every(opens)) return 'no';
      return bytes.length < OPENING_BYTES ? 'more' : { meta: { codec } };
    },
  };
  return codec;
}

const late = make('late');
const early = make('early');

const OPENING_BYTES = 8;

// A client begins with a ping, or opens stream 1 by a window update or by data. Data on a stream 3 would be muxado 1.
function opens(byte: number, at: number, bytes: Uint8Array): boolean {
  if (at === 1) return byte <= PING;
  if (at === 3) return byte === SYN || (byte === (SYN | FIN) && bytes[1] !== PING);
  return byte === (at === 7 && bytes[1] !== PING ? 1 : 0);
}
