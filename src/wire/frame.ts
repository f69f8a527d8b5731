/**
 * One frame of any protocol, in the words that all of them share. A frame on the wire may surface as several: one that opens
 * a stream, carries bytes and ends it is an `open`, some `data` and an `end`.
 */
export type Frame =
  OpenFrame | AcceptFrame | DataFrame | EndFrame | ResetFrame | CreditFrame | PingFrame | GoAwayFrame | UnknownFrame;

/** A stream begins (SYN). */
export interface OpenFrame {
  /** Which frame it is. */
  readonly kind: 'open';
  /** Stream id as on the wire. */
  readonly id: number;
  /** Bytes the opener grants beyond the protocol's initial window; 0 where the wire cannot say. */
  readonly credit?: number;
  /** Stream type, 0 to 2^32-1; muxado 1 only, absent when none was sent. */
  readonly type?: number;
  /** Priority, 0 to 2^31-1; muxado 1 only, absent when none was sent. */
  readonly priority?: number;
}

/** The peer took the stream (ACK); yamux only. */
export interface AcceptFrame {
  /** Which frame it is. */
  readonly kind: 'accept';
  /** Stream id as on the wire. */
  readonly id: number;
  /** Bytes granted beyond the initial window. */
  readonly credit?: number;
}

/** Bytes of a stream. Received, it is a piece as it arrived: maybe less than the frame on the wire. */
export interface DataFrame {
  /** Which frame it is. */
  readonly kind: 'data';
  /** Stream id as on the wire. */
  readonly id: number;
  /** The bytes; a view that is valid for as long as it is held. */
  readonly bytes: Uint8Array;
}

/** The sender is done with this direction (FIN). */
export interface EndFrame {
  /** Which frame it is. */
  readonly kind: 'end';
  /** Stream id as on the wire. */
  readonly id: number;
}

/** Both directions of a stream end now (RST). */
export interface ResetFrame {
  /** Which frame it is. */
  readonly kind: 'reset';
  /** Stream id as on the wire. */
  readonly id: number;
  /** The protocol's own number for the reason; 0 where the wire cannot say. */
  readonly code: number;
}

/** The receiver grants more window. */
export interface CreditFrame {
  /** Which frame it is. */
  readonly kind: 'credit';
  /** Stream id as on the wire. */
  readonly id: number;
  /** Bytes added to the window; 0 where the wire gives absolute figures. */
  readonly increment: number;
  /** Bytes consumed so far, modulo 2^32; smux 2 only. */
  readonly consumed?: number;
  /** Bytes that may be outstanding; smux 2 only. */
  readonly window?: number;
}

/** A sign of life; `pong` answers `ping` with the same value. */
export interface PingFrame {
  /** Which frame it is. */
  readonly kind: 'ping' | 'pong';
  /** Opaque number, 0 to 2^32-1; 0 where the wire carries none (smux). */
  readonly value: number;
}

/** The sender takes no new streams, or ends the session. */
export interface GoAwayFrame {
  /** Which frame it is. */
  readonly kind: 'goAway';
  /** The highest id of the receiver's streams that was handled; 2^32-1 where the wire cannot say (yamux). */
  readonly lastId: number;
  /** The protocol's own number for the reason; 0 is none. */
  readonly code: number;
  /** Text for people, as sent, capped; empty where the wire carries none. */
  readonly debug: Uint8Array;
}

/** A frame of a type that the protocol says to skip (muxado 2), or that its version does not have (UPD in smux 1); its body is dropped. */
export interface UnknownFrame {
  /** Which frame it is. */
  readonly kind: 'unknown';
  /** The type on the wire. */
  readonly type: number;
  /** Bytes of the body. */
  readonly length: number;
}

/** `lastId` of a GoAway that names none. */
export const NO_LAST_ID = 0xffff_ffff;
