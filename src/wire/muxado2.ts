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
    maxWindowBytes: ID_MASK,
    credit: 'delta',
    maxPayloadBytes: 65_536,
    // GoAway and its padding.
    maxControlBytes: HEADER_BYTES + 8 + HEADER_BYTES,
    lazyOpen: true,
    confirms: false,
    // Ids are taken at open and told at the first write, in any order.
    ascendingIds: false,
    wrongParity: 'error',
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

class Muxado2Decoder extends FrameDecoder {
  #type = 0;
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
    this.#type = type;
    this.#flags = flags;
    this.#id = id;
    if (id === 0 && type < GO_AWAY) throw this.violation(`muxado 2 frame of type ${type} with stream id 0`);
    if (type === DATA) {
      if ((flags & SYN) !== 0) this.sink.onOpen(id, 0, -1, -1);
      if (length > 0 || (flags & (SYN | FIN)) === 0) this.sink.onDataHeader(id, length);
      this.expectData(length);
    } else if (type === GO_AWAY) {
      // ngrok's Rust library leaves the 8 bytes of the numbers out of the length, and ends: what follows is its text at most.
      this.expectControl(Math.max(length, 8));
    } else if (type > GO_AWAY) {
      this.sink.onUnknown(type, length);
      this.expectSkip(length);
    } else if (length === 4) this.expectControl(length);
    else throw this.violation(`muxado 2 frame of type ${type} with ${length} bytes, wanted 4`);
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

function make(streamType: 'prefix' | 'none', heartbeat: Heartbeat): Codec<'muxado2'> {
  const codec: Codec<'muxado2'> = {
    protocol: 'muxado2',
    // The first byte of a length that the initial window allows.
    firstBytes: [0, 1, 2, 3, 4],
    traits: traits(streamType, heartbeat),
    encoder,
    decoder: (sink) => new Muxado2Decoder(sink),
    codeOf: (reason) => CODES[reason],
    reasonOf: (code) => REASONS.get(code),
    match({ bytes }) {
      // A client begins with DATA|SYN of one of its first streams; they may come out of order.
      const tag = bytes[3] ?? 0;
      if ((bytes[0] ?? 0) > 4) return 'no';
      if (bytes.length > 3 && tag !== ((DATA << 4) | SYN) && tag !== ((DATA << 4) | SYN | FIN)) return 'no';
      if (bytes.length > 4 && (bytes[4] !== 0 || (bytes[5] ?? 0) !== 0 || (bytes[6] ?? 0) !== 0)) return 'no';
      if (bytes.length < HEADER_BYTES) return 'more';
      const id = bytes[7] ?? 0;
      return id >= 3 && id % 2 === 1 ? { meta: { codec } } : 'no';
    },
  };
  return codec;
}

/** Streams without types, as Go's `muxado.Client` and `Server` give them. */
export const untypedMuxado2 = make('none', { by: 'probe', ...BEAT });

/** Each stream begins with 4 bytes of type, as Go's `NewTypedStreamSession` and the Rust library have it. */
export const typedMuxado2 = make('prefix', { by: 'stream', streamType: HEARTBEAT_TYPE, constant: false, ...BEAT });
