import { putU16le, putU32le, u16le, u32le } from '../bytes/integers.js';
import { UsageError } from '../errors.js';
import type { Codec, Encoder, FrameSink, Traits } from './codec.js';
import { FrameDecoder } from './frame-decoder.js';

// xtaci/smux, frame.go: version u8, command u8, length u16, stream id u32; little-endian.
const HEADER_BYTES = 8;
const SYN = 0;
const FIN = 1;
const PSH = 2;
const NOP = 3;
const UPD = 4;
const UPD_BYTES = 8;

function traits(version: 1 | 2): Traits {
  return {
    firstId: { client: 3, server: 2 },
    maxId: 0xffff_ffff,
    // session.go: initialPeerWindow, whatever the peer configured. Version 1 has one bucket for the whole session.
    initialWindowBytes: version === 1 ? Infinity : 262_144,
    // stream.go counts what is in flight in an int32.
    maxWindowBytes: 0x7fff_ffff,
    credit: version === 1 ? 'none' : 'absolute',
    // DefaultConfig's MaxFrameSize. Readers take 65535, but their buffers are made for this.
    maxPayloadBytes: 32_768,
    maxControlBytes: HEADER_BYTES + UPD_BYTES,
    lazyOpen: false,
    confirms: false,
    ascendingIds: false,
    wrongId: 'drop',
    reset: 'none',
    goAway: 'none',
    overflowEnds: 'stream',
    streamType: 'none',
    heartbeat: { by: 'signal', intervalMs: 10_000, timeoutMs: 30_000 },
  };
}

function encoderOf(version: 1 | 2): Encoder {
  function header(out: Uint8Array, at: number, command: number, length: number, id: number): number {
    out[at] = version;
    out[at + 1] = command;
    putU16le(out, at + 2, length);
    putU32le(out, at + 4, id);
    return at + HEADER_BYTES;
  }
  return {
    open: (out, at, id) => header(out, at, SYN, 0, id),
    accept: (_out, at) => at,
    dataHeader: (out, at, id, length) => header(out, at, PSH, length, id),
    end: (out, at, id) => header(out, at, FIN, 0, id),
    // There is nothing else that ends a stream.
    reset: (out, at, id) => header(out, at, FIN, 0, id),
    credit(out, at, id, _increment, consumed, window) {
      if (version === 1) return at;
      const end = header(out, at, UPD, UPD_BYTES, id);
      putU32le(out, end, consumed);
      putU32le(out, end + 4, window);
      return end + UPD_BYTES;
    },
    ping: (out, at) => header(out, at, NOP, 0, 0),
    pong: (_out, at) => at,
    goAway: (_out, at) => at,
  };
}

class SmuxDecoder extends FrameDecoder {
  readonly #version: 1 | 2;
  #id = 0;

  constructor(sink: FrameSink, version: 1 | 2) {
    super(sink, HEADER_BYTES);
    this.#version = version;
  }

  protected header(bytes: Uint8Array, at: number): void {
    const version = bytes[at] ?? 0;
    const command = bytes[at + 1] ?? 0;
    const length = u16le(bytes, at + 2);
    const id = u32le(bytes, at + 4);
    this.#id = id;
    if (version !== this.#version) throw this.violation(`smux frame of version ${version}, wanted ${this.#version}`);
    if (command === PSH) {
      this.sink.onDataHeader(id, length);
      this.expectData(length);
      return;
    }
    const wanted = command === UPD ? UPD_BYTES : 0;
    if (command > UPD) throw this.violation(`smux frame of unknown command ${command}`);
    if (length !== wanted) throw this.violation(`smux frame ${command} with ${length} bytes, wanted ${wanted}`);
    if (command === SYN) this.sink.onOpen(id, 0, -1, -1);
    else if (command === FIN) this.sink.onEnd(id);
    else if (command === NOP) this.sink.onPing(0);
    else if (version === 2) this.expectControl(length);
    else {
      // session.go, recvLoop, before 1.5.56: a UPD is read in version 1 too, and does nothing there.
      this.sink.onUnknown(command, length);
      this.expectSkip(length);
    }
  }

  protected control(bytes: Uint8Array, at: number): void {
    this.sink.onCredit(this.#id, 0, u32le(bytes, at), u32le(bytes, at + 4));
  }

  protected dataDone(): void {}
}

function make<V extends 1 | 2>(version: V): Codec<`smux${V}`> {
  const codec: Codec<`smux${V}`> = {
    protocol: `smux${version}`,
    firstBytes: [version],
    traits: traits(version),
    encoder: encoderOf(version),
    decoder: (sink) => new SmuxDecoder(sink, version),
    // The wire has no place for a code.
    codeOf: () => 0,
    reasonOf: () => undefined,
    match({ bytes }) {
      // A client begins with SYN of stream 3, or with NOP when it has been idle.
      const command = bytes[1] ?? 0;
      if (bytes.length > 0 && bytes[0] !== version) return 'no';
      if (bytes.length > 1 && command !== SYN && command !== NOP) return 'no';
      const id = command === SYN ? codec.traits.firstId.client : 0;
      if (!bytes.subarray(2, HEADER_BYTES).every((byte, i) => byte === (i === 2 ? id : 0))) return 'no';
      return bytes.length < HEADER_BYTES ? 'more' : { meta: { codec } };
    },
  };
  return codec;
}

const smux1 = make(1);
const smux2 = make(2);

/**
 * smux, as of xtaci/smux (kcptun): 8-byte little-endian headers, no reset, no GoAway, no answer to its NOPs. Version 1, the
 * default of its `DefaultConfig`, has one receive buffer for all streams; version 2 has a window for each.
 *
 * Since FIN is all that ends a stream, a reset reads as an orderly end at the peer.
 *
 * @param options - which version; both ends have to agree
 * @throws UsageError `ERR_MUX_OPTION` for another version
 * @see docs/wire/smux.md
 * @example
 * ```ts
 * const s = session(conn, { codec: smux({ version: 2 }), role: 'client' });
 * ```
 */
export function smux(options: { readonly version: 2 }): Codec<'smux2'>;
export function smux(options?: { readonly version?: 1 }): Codec<'smux1'>;
export function smux({ version = 1 }: { readonly version?: 1 | 2 } = {}): Codec<'smux1' | 'smux2'> {
  if (version === 1) return smux1;
  if ((version as number) === 2) return smux2;
  throw new UsageError('ERR_MUX_OPTION', `the version of smux is 1 or 2, not ${String(version)}`);
}
