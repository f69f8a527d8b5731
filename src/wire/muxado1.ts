import { putU16, putU32, u16, u32 } from '../bytes/integers.js';
import type { Codec, Encoder, FrameSink, Reason, Traits } from './codec.js';
import { FrameDecoder } from './frame-decoder.js';

// inconshreveable/muxado of 2014, proto/frame/header.go: length u16 (14 bits), flags u8, type u8 (5 bits), stream id u32 (31
// bits); big-endian. The bits that are left over are reserved and masked.
const HEADER_BYTES = 8;
const MAX_LENGTH = 0x3fff;
const SYN = 1;
const RST = 2;
const DATA = 3;
const WINDOW_INCREMENT = 4;
const GO_AWAY = 6;
const FIN = 1;
const HAS_PRIORITY = 2;
const HAS_TYPE = 4;
const ID_MASK = 0x7fff_ffff;
// proto/ext: types from here on are extensions, the heartbeat's among them.
const FIRST_RESERVED_TYPE = 0xffff_feff;

const traits: Traits = {
  // Ids are counted up before their first use, so a client never has 1.
  firstId: { client: 3, server: 2 },
  maxId: ID_MASK,
  initialWindowBytes: 65_536,
  maxWindowBytes: ID_MASK,
  credit: 'delta',
  maxPayloadBytes: MAX_LENGTH,
  maxControlBytes: HEADER_BYTES + 8,
  lazyOpen: false,
  confirms: false,
  ascendingIds: true,
  wrongId: 'error',
  reset: 'code',
  goAway: 'early',
  overflowEnds: 'stream',
  streamType: 'frame',
  reservedTypes: FIRST_RESERVED_TYPE,
  // proto/ext/heartbeat.go: 4 bytes every 3 s, and 10 s more for their echo.
  heartbeat: { by: 'stream', streamType: FIRST_RESERVED_TYPE, constant: true, intervalMs: 3000, timeoutMs: 13_000 },
};

function header(out: Uint8Array, at: number, length: number, flags: number, type: number, id: number): number {
  putU16(out, at, length);
  out[at + 2] = flags;
  out[at + 3] = type;
  putU32(out, at + 4, id);
  return at + HEADER_BYTES;
}

function withNumber(out: Uint8Array, at: number, type: number, id: number, value: number): number {
  const end = header(out, at, 4, 0, type, id);
  putU32(out, end, value);
  return end + 4;
}

// frame/error.go writes no code past Cancel; a reader takes any.
const MAX_CODE = 7;
const INTERNAL = 2;

const encoder: Encoder = {
  open(out, at, id, _credit, type, priority) {
    // A zero is left out, its flag clear, as Go's reader wants it.
    const flags = (priority > 0 ? HAS_PRIORITY : 0) | (type > 0 ? HAS_TYPE : 0);
    let end = header(out, at, (priority > 0 ? 4 : 0) + (type > 0 ? 4 : 0), flags, SYN, id);
    if (priority > 0) {
      putU32(out, end, priority);
      end += 4;
    }
    if (type > 0) {
      putU32(out, end, type);
      end += 4;
    }
    return end;
  },
  accept: (_out, at) => at,
  dataHeader: (out, at, id, length) => header(out, at, length, 0, DATA, id),
  end: (out, at, id) => header(out, at, 0, FIN, DATA, id),
  reset: (out, at, id, code) => withNumber(out, at, RST, id, code > MAX_CODE ? INTERNAL : code),
  credit: (out, at, id, increment) => withNumber(out, at, WINDOW_INCREMENT, id, increment),
  ping: (_out, at) => at,
  pong: (_out, at) => at,
  // Without text: what Go's own writer claims as text it never sends, so this is the one form that all readers agree on.
  goAway(out, at, lastId, code) {
    const end = header(out, at, 8, 0, GO_AWAY, 0);
    putU32(out, end, lastId);
    putU32(out, end + 4, code);
    return end + 8;
  },
};

class Muxado1Decoder extends FrameDecoder {
  #type = 0;
  #flags = 0;
  #id = 0;

  constructor(sink: FrameSink) {
    super(sink, HEADER_BYTES);
  }

  protected header(bytes: Uint8Array, at: number): void {
    const length = u16(bytes, at) & MAX_LENGTH;
    const flags = bytes[at + 2] ?? 0;
    const type = (bytes[at + 3] ?? 0) & 0x1f;
    const id = u32(bytes, at + 4) & ID_MASK;
    this.#type = type;
    this.#flags = flags;
    this.#id = id;
    if (type === DATA) {
      if (length > 0 || (flags & FIN) === 0) this.sink.onDataHeader(id, length);
      this.expectData(length);
    } else {
      this.#check(type, flags, length);
      // GoAway: genuine senders claim 16 bytes and their text, and send 8.
      this.expectControl(type === GO_AWAY && length >= 16 ? 8 : length);
    }
  }

  protected control(bytes: Uint8Array, at: number, length: number): void {
    const id = this.#id;
    if (this.#type === SYN) this.#open(bytes, at);
    else if (this.#type === RST) this.sink.onReset(id, u32(bytes, at));
    else if (this.#type === WINDOW_INCREMENT) this.sink.onCredit(id, u32(bytes, at) & ID_MASK, -1, -1);
    else this.sink.onGoAway(u32(bytes, at) & ID_MASK, u32(bytes, at + 4), bytes.subarray(at + 8, at + length));
  }

  protected dataDone(): void {
    if ((this.#flags & FIN) !== 0) this.sink.onEnd(this.#id);
  }

  #open(bytes: Uint8Array, at: number): void {
    const hasPriority = (this.#flags & HAS_PRIORITY) !== 0;
    const priority = hasPriority ? u32(bytes, at) & ID_MASK : -1;
    const type = (this.#flags & HAS_TYPE) === 0 ? -1 : u32(bytes, at + (hasPriority ? 4 : 0));
    this.sink.onOpen(this.#id, 0, type, priority);
    if ((this.#flags & FIN) !== 0) this.sink.onEnd(this.#id);
  }

  #check(type: number, flags: number, length: number): void {
    const wanted = bodyBytes(type, flags);
    if (wanted === undefined) throw this.violation(`muxado 1 frame of unknown type ${type}`);
    if (type === GO_AWAY ? length < wanted : length !== wanted)
      throw this.violation(`muxado 1 frame of type ${type} with ${length} bytes, wanted ${wanted}`);
  }
}

function bodyBytes(type: number, flags: number): number | undefined {
  if (type === SYN) return ((flags & HAS_PRIORITY) === 0 ? 0 : 4) + ((flags & HAS_TYPE) === 0 ? 0 : 4);
  if (type === RST || type === WINDOW_INCREMENT) return 4;
  return type === GO_AWAY ? 8 : undefined;
}

const REASONS: readonly Reason[] = [
  'none',
  'protocol',
  'internal',
  'flowControl',
  'streamClosed',
  'frameSize',
  'refused',
  'cancel',
];
const FIRST_ID = [0, 0, 0, 3];

export const muxado1: Codec<'muxado1'> = {
  protocol: 'muxado1',
  firstBytes: [0],
  traits,
  encoder,
  decoder: (sink) => new Muxado1Decoder(sink),
  // No code of its own for a full backlog or for too much: both are refusals.
  codeOf: (reason) => (REASONS.includes(reason) ? REASONS.indexOf(reason) : REASONS.indexOf('refused')),
  reasonOf: (code) => REASONS[code],
  match({ bytes }) {
    // A client begins with SYN of stream 3, whose length is what its flags say.
    const length = bytes[1] ?? 0;
    const flags = bytes[2] ?? 0;
    if (bytes.length > 0 && bytes[0] !== 0) return 'no';
    if (bytes.length > 1 && length !== 0 && length !== 4 && length !== 8) return 'no';
    if (bytes.length > 2 && (flags & ~(HAS_PRIORITY | HAS_TYPE | FIN)) !== 0) return 'no';
    if (bytes.length > 2 && bodyBytes(SYN, flags) !== length) return 'no';
    if (bytes.length > 3 && bytes[3] !== SYN) return 'no';
    if (!bytes.subarray(4, HEADER_BYTES).every((byte, i) => byte === FIRST_ID[i])) return 'no';
    return bytes.length < HEADER_BYTES ? 'more' : { meta: { codec: muxado1 } };
  },
};
