/** What a decoder tells, in wire order. Plain calls with numbers: no object is made for a frame. */
export interface FrameSink {
  /** A stream begins; `type` and `priority` are -1 when none was sent. */
  onOpen(id: number, credit: number, type: number, priority: number): void;
  /** The peer took a stream of ours. */
  onAccept(id: number, credit: number): void;
  /** The header of a frame with `length` bytes of data, before any of them: the place to check it against the window. */
  onDataHeader(id: number, length: number): void;
  /** Some of the bytes that the last {@link FrameSink.onDataHeader} announced, as they arrived: a view, never a copy. */
  onData(bytes: Uint8Array): void;
  /** The peer ended its direction; after the data of the same frame. */
  onEnd(id: number): void;
  /** A stream was reset. */
  onReset(id: number, code: number): void;
  /** More window: `increment` bytes more (`credit: 'delta'`), or the absolute pair (`credit: 'absolute'`). */
  onCredit(id: number, increment: number, consumed: number, window: number): void;
  /** A sign of life that is to be answered with the same value. */
  onPing(value: number): void;
  /** The answer to a ping. */
  onPong(value: number): void;
  /** The peer takes no new streams, or ends the session. `debug` has 1024 bytes at most; copy what is kept. */
  onGoAway(lastId: number, code: number, debug: Uint8Array): void;
  /** A frame of unknown type was skipped. */
  onUnknown(type: number, length: number): void;
}

/** Text of a GoAway past so many bytes is dropped as it arrives. */
export const MAX_DEBUG_BYTES = 1024;

/** Cuts the bytes of one connection into frames, resuming wherever they were split. */
export interface Decoder {
  /** The receiver of frames; may be replaced between two chunks. */
  sink: FrameSink;
  /** True between the first byte of a frame and its last. */
  readonly isMidFrame: boolean;
  /** True within the data of a frame. */
  readonly isMidData: boolean;
  /** True from {@link Decoder.pause} to {@link Decoder.resume}. */
  readonly isPaused: boolean;
  /** @throws MuxError `ERR_MUX_FRAME` for bytes that are no frame; the decoder is useless from then on. */
  push(chunk: Uint8Array): void;
  /** Stops after the current call of the sink: the rest of the chunk is kept. */
  pause(): void;
  /** Reads the kept bytes and goes on. @throws as {@link Decoder.push} */
  resume(): void;
}

/**
 * Writes frames: each method puts one at `at` of `out`, which has {@link Traits.maxControlBytes} to spare, and gives the
 * place behind it. A frame that the protocol does not have leaves `at` as it is.
 */
export interface Encoder {
  /** SYN; for `lazyOpen` the empty frame that opens a stream nothing was written to. `type` and `priority` are -1 for none. */
  open(out: Uint8Array, at: number, id: number, credit: number, type: number, priority: number): number;
  /** Confirms a stream of the peer (ACK), with `credit` beyond the initial window. */
  accept(out: Uint8Array, at: number, id: number, credit: number): number;
  /** The header of `length` bytes of data to follow; `opens` puts SYN on it (`lazyOpen` only). */
  dataHeader(out: Uint8Array, at: number, id: number, length: number, opens: boolean): number;
  /** FIN. */
  end(out: Uint8Array, at: number, id: number): number;
  /** RST, or what stands in for it. */
  reset(out: Uint8Array, at: number, id: number, code: number): number;
  /** More window: `increment` bytes more, or `consumed` so far modulo 2^32 and the `window` from there, as the wire has it. */
  credit(out: Uint8Array, at: number, id: number, increment: number, consumed: number, window: number): number;
  /** A sign of life; `value` is 0 to 2^32-1. */
  ping(out: Uint8Array, at: number, value: number): number;
  /** The answer to a ping, with its value. */
  pong(out: Uint8Array, at: number, value: number): number;
  /** Takes no new streams beyond `lastId`; without text. */
  goAway(out: Uint8Array, at: number, lastId: number, code: number): number;
}

/** Why a stream or a session ends, in words that every protocol maps to its own numbers (session-wide where it has none). */
export type Reason =
  | 'none'
  | 'protocol'
  | 'internal'
  | 'flowControl'
  | 'streamClosed'
  | 'frameSize'
  | 'refused'
  | 'cancel'
  | 'backlogFull'
  | 'calm';

/** What shared code has to know of a protocol; there is no asking for its name. */
export interface Traits {
  /** First stream id of each side; the next is 2 more. */
  readonly firstId: {
    /** Of the end that dialled. */
    readonly client: number;
    /** Of the other. */
    readonly server: number;
  };
  /** The highest stream id. */
  readonly maxId: number;
  /** Bytes each side may send on a new stream before any credit; Infinity without windows. */
  readonly initialWindowBytes: number;
  /** The largest send window a peer may build up. */
  readonly maxWindowBytes: number;
  /** Some peers use no more than the initial window, whatever they are granted. */
  readonly clampsWindow?: boolean;
  /** How credit is sent: bytes more, absolute figures, or not at all. */
  readonly credit: 'delta' | 'absolute' | 'none';
  /** Most bytes of data in a frame that we send. */
  readonly maxPayloadBytes: number;
  /** Bytes that any frame but data, or the header of data, fits in. */
  readonly maxControlBytes: number;
  /** SYN is a flag on the first data frame: nothing is sent before there is something to say. */
  readonly lazyOpen: boolean;
  /** The acceptor of a stream confirms it (ACK). */
  readonly confirms: boolean;
  /** Opening frames must come in ascending order of ids. */
  readonly ascendingIds: boolean;
  /** Effect of an opening frame whose id is open, of the other side, or 0: it ends the session, or is dropped. */
  readonly wrongId: 'error' | 'drop';
  /** RST exists and carries a code, exists, or FIN stands in for it. */
  readonly reset: 'code' | 'plain' | 'none';
  /** When a graceful end is announced: before the streams drain, after, or never. */
  readonly goAway: 'early' | 'late' | 'none';
  /** What data past the window ends: the stream, or the session. */
  readonly overflowEnds: 'stream' | 'session';
  /** Where a stream's type is: in the opening frame, in the first 4 bytes, or nowhere. */
  readonly streamType: 'frame' | 'prefix' | 'none';
  /** Stream types from here on are the protocol's own: one that is not known is refused. */
  readonly reservedTypes?: number;
  /**
   * How life is proved. `ping`: a frame that is answered. `signal`: a frame that is not. `stream`: 4 bytes echoed on a stream
   * of type {@link Heartbeat.streamType}. `probe`: empty data for a stream that never was, which is answered by a reset.
   */
  readonly heartbeat: Heartbeat;
}

/** How a protocol proves that both ends live; see {@link Traits.heartbeat}. */
export interface Heartbeat {
  /** The way; {@link Traits.heartbeat} tells them apart. */
  readonly by: 'ping' | 'signal' | 'stream' | 'probe';
  /** Type of the heartbeat stream. */
  readonly streamType?: number;
  /** Bytes on the heartbeat stream stay the same (muxado 1), or differ from beat to beat. */
  readonly constant?: boolean;
  /** Time between two beats, in milliseconds. */
  readonly intervalMs: number;
  /** Silence after which the peer counts as dead, in milliseconds. */
  readonly timeoutMs: number;
}

/** What a codec answers to `sniff`: which codec it was. */
export interface CodecMeta {
  /** The codec that knows the bytes; `acceptSessions` takes it from here. */
  readonly codec: Codec;
}

/**
 * One wire protocol: bytes to frames and back. Pure, without a clock and without state of its own: one value serves any number of
 * sessions. It is a Matcher as well, since it knows how its bytes begin.
 *
 * @typeParam P - literal name of the protocol
 */
export interface Codec<P extends string = string> {
  /** Name of the protocol, which becomes `conn.protocol`. */
  readonly protocol: P;
  /** Every byte that a client's first flight can begin with. */
  readonly firstBytes: readonly number[];
  /** What shared code has to know of the protocol. */
  readonly traits: Traits;
  /** Writes its frames. */
  readonly encoder: Encoder;
  /** A decoder for one connection, which tells `sink`. */
  decoder(sink: FrameSink): Decoder;
  /** The protocol's own number for a reason. */
  codeOf(reason: Reason): number;
  /** The reason that a number of the peer stands for; absent when it is none that we know. */
  reasonOf(code: number): Reason | undefined;
  /** Judges a client's first bytes, as `sniff` does. */
  match(first: { readonly bytes: Uint8Array; readonly final: boolean }):
    | {
        /** Which codec it was. */
        readonly meta: CodecMeta;
      }
    | 'no'
    | 'more';
}
