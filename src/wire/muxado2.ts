import { putU32, u24, u32 } from '../bytes/integers.js';
import type { Codec, Encoder, FrameSink, Heartbeat, Reason, Traits } from './codec.js';
import { FrameDecoder } from './frame-decoder.js';

// inconshreveable/muxado of 2016 and ngrok/muxado-go, proto/frame: length u24, type and flags u8 (4 bits each), stream id u32;
// big-endian.
const HEADER_BYTES = 8;
const RST = 0;
const DATA = 1;
const WINDOW_INCREMENT = 2;
const GO_AWAY = 3;
// No type on the wire: there was no frame yet, or text in its place.
const NOTHING = -1;
const FIN = 1;
const SYN = 2;
const ID_MASK = 0x7fff_ffff;
// heartbeat.go
const HEARTBEAT_TYPE = 0xffff_ffff;
const BEAT = { intervalMs: 10_000, timeoutMs: 25_000 } as const;

function traits(streamType: 'prefix' | 'none', heartbeat: Heartbeat): Traits {
  return {
    firstId: { client: 3, server: 2 },
    // The highest is spent on the padding of GoAway.
    maxId: ID_MASK - 2,
    initialWindowBytes: 262_144,
    // ngrok-rust, muxado/src/window.rs: credit past its own setting is not counted.
    clampsWindow: true,
    maxWindowBytes: ID_MASK,
    credit: 'delta',
    maxPayloadBytes: 65_536,
    // GoAway and its padding.
    maxControlBytes: HEADER_BYTES + 8 + HEADER_BYTES,
    lazyOpen: true,
    confirms: false,
    // Ids are taken at open and sent at the first write, in any order.
    ascendingIds: false,
    wrongId: 'error',
    reset: 'code',
    goAway: 'early',
    overflowEnds: 'stream',
    streamType,
    heartbeat,
  };
}

function header(out: Uint8Array, at: number, length: number, type: number, flags: number, id: number): number {
  putU32(out, at, length * 256 + type * 16 + flags);
  putU32(out, at + 4, id);
  return at + HEADER_BYTES;
}

function withNumber(out: Uint8Array, at: number, type: number, id: number, value: number): number {
  const end = header(out, at, 4, type, 0, id);
  putU32(out, end, value);
  return end + 4;
}

const encoder: Encoder = {
  open: (out, at, id) => header(out, at, 0, DATA, SYN, id),
  accept: (_out, at) => at,
  dataHeader: (out, at, id, length, opens) => header(out, at, length, DATA, opens ? SYN : 0, id),
  end: (out, at, id) => header(out, at, 0, DATA, FIN, id),
  reset: (out, at, id, code) => withNumber(out, at, RST, id, code),
  credit: (out, at, id, increment) => withNumber(out, at, WINDOW_INCREMENT, id, increment),
  ping: (_out, at) => at,
  pong: (_out, at) => at,
  goAway(out, at, lastId, code) {
    const end = header(out, at, 8, GO_AWAY, 0, 0);
    putU32(out, end, lastId);
    putU32(out, end + 4, code);
    // Go's reader takes the 8 bytes behind a GoAway for text of it. These may go: the end of a stream that never was.
    return header(out, end + 8, 0, DATA, FIN, ID_MASK);
  },
};

/** What is wrong with a header; undefined when nothing is. */
function faultOf(type: number, length: number, id: number): string | undefined {
  if (type > GO_AWAY) return undefined;
  if ((id === 0) !== (type === GO_AWAY)) return `stream id ${id}`;
  if (type === GO_AWAY ? length < 8 : type !== DATA && length !== 4) return `${length} bytes`;
  return undefined;
}

class Muxado2Decoder extends FrameDecoder {
  #type = NOTHING;
  #flags = 0;
  #id = 0;

  constructor(sink: FrameSink) {
    super(sink, HEADER_BYTES);
  }

  protected header(bytes: Uint8Array, at: number): void {
    const length = u24(bytes, at);
    const tag = bytes[at + 3] ?? 0;
    const type = tag >> 4;
    const flags = tag & 0xf;
    const id = u32(bytes, at + 4) & ID_MASK;
    const fault = faultOf(type, length, id);
    // ngrok's Rust library leaves 8 bytes out of the length of a GoAway, its last frame: they would come as a header now.
    const isText = this.#type === GO_AWAY && (type > GO_AWAY || fault !== undefined);
    this.#type = isText ? NOTHING : type;
    this.#flags = flags;
    this.#id = id;
    if (isText) return;
    if (fault !== undefined) throw this.violation(`muxado 2 frame of type ${type} with ${fault}`);
    if (type === DATA) {
      if ((flags & SYN) !== 0) this.sink.onOpen(id, 0, -1, -1);
      if (length > 0 || (flags & (SYN | FIN)) === 0) this.sink.onDataHeader(id, length);
      this.expectData(length);
    } else if (type > GO_AWAY) {
      this.sink.onUnknown(type, length);
      this.expectSkip(length);
    } else this.expectControl(length);
  }

  protected control(bytes: Uint8Array, at: number, length: number): void {
    if (this.#type === RST) this.sink.onReset(this.#id, u32(bytes, at));
    else if (this.#type === WINDOW_INCREMENT) this.sink.onCredit(this.#id, u32(bytes, at) & ID_MASK, -1, -1);
    else this.sink.onGoAway(u32(bytes, at) & ID_MASK, u32(bytes, at + 4), bytes.subarray(at + 8, at + length));
  }

  protected dataDone(): void {
    if ((this.#flags & FIN) !== 0) this.sink.onEnd(this.#id);
  }
}

// frame/error.go; what rxmux has no word for is kept as a number.
const CODES: Readonly<Record<Reason, number>> = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 4,
  refused: 5,
  cancel: 6,
  frameSize: 8,
  backlogFull: 9,
  calm: 10,
};
const REASONS = new Map(Object.entries(CODES).map(([reason, code]) => [code, reason as Reason]));

// Of a length that the initial window allows.
const FIRST_BYTES = [0, 1, 2, 3, 4];

// A client begins with DATA|SYN of one of its first streams, which may come out of order, or, being rxmux, with a probe: empty
// data for an id near the highest.
function begins(byte: number, at: number, bytes: Uint8Array): boolean {
  const isProbe = bytes[3] === DATA << 4;
  if (at < 3) return isProbe ? byte === 0 : at > 0 || FIRST_BYTES.includes(byte);
  if (at === 3) return isProbe || (byte & ~FIN) === ((DATA << 4) | SYN);
  if (at === 4) return byte === (isProbe ? 0x7f : 0);
  if (at < 7) return byte === (isProbe ? 0xff : 0);
  return byte % 2 === 1 && byte > 1;
}

function make(streamType: 'prefix' | 'none', heartbeat: Heartbeat): Codec<'muxado2'> {
  const codec: Codec<'muxado2'> = {
    protocol: 'muxado2',
    firstBytes: FIRST_BYTES,
    traits: traits(streamType, heartbeat),
    encoder,
    decoder: (sink) => new Muxado2Decoder(sink),
    codeOf: (reason) => CODES[reason],
    reasonOf: (code) => REASONS.get(code),
    match({ bytes }) {
      if (!bytes.subarray(0, HEADER_BYTES).every(begins)) return 'no';
      return bytes.length < HEADER_BYTES ? 'more' : { meta: { codec } };
    },
  };
  return codec;
}

/** Streams without types, as Go's `muxado.Client` and `Server` give them. */
export const untypedMuxado2 = make('none', { by: 'probe', ...BEAT });

/** Each stream begins with 4 bytes of type, as Go's `NewTypedStreamSession` and the Rust library have it. */
export const typedMuxado2 = make('prefix', { by: 'stream', streamType: HEARTBEAT_TYPE, constant: false, ...BEAT });
