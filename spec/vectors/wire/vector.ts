import type { Frame } from '../../../src/wire/frame.js';
import type { Flight } from '../../conformance/matcher-contract.js';
import { hex } from '../binary.js';

/** Bytes on the wire, and what they say. */
export interface WireVector {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly frames: readonly Frame[];
}

/** Golden bytes of one protocol. */
export interface WireVectors {
  /** What rxmux writes for these frames, and reads as them. */
  readonly both: readonly WireVector[];
  /** What peers write, and rxmux writes in another way or never. */
  readonly read: readonly WireVector[];
  /** Bytes that end the session with their last one; `frames` are what was told before. */
  readonly bad: readonly WireVector[];
  /** What clients begin with. */
  readonly openings: readonly Flight[];
  /** The header of as much data as one frame can hold. */
  readonly longest: { readonly header: Uint8Array; readonly length: number };
}

export const vector = (name: string, bytes: string, ...frames: readonly Frame[]): WireVector => ({
  name,
  bytes: hex(bytes),
  frames,
});

export const opening = (name: string, bytes: string): Flight => ({ name, bytes: hex(bytes) });

const utf8 = (text: string): Uint8Array => Uint8Array.from(new TextEncoder().encode(text));

export const open = (id: number, more: { credit?: number; type?: number; priority?: number } = {}): Frame => ({
  kind: 'open',
  id,
  credit: 0,
  ...more,
});
export const accept = (id: number, bytes = 0): Frame => ({ kind: 'accept', id, credit: bytes });
export const data = (id: number, text: string): Frame => ({ kind: 'data', id, bytes: utf8(text) });
export const end = (id: number): Frame => ({ kind: 'end', id });
export const reset = (id: number, code = 0): Frame => ({ kind: 'reset', id, code });
export const credit = (id: number, increment: number): Frame => ({ kind: 'credit', id, increment });
export const window = (id: number, consumed: number, bytes: number): Frame => ({
  kind: 'credit',
  id,
  increment: 0,
  consumed,
  window: bytes,
});
export const ping = (value: number): Frame => ({ kind: 'ping', value });
export const pong = (value: number): Frame => ({ kind: 'pong', value });
export const goAway = (lastId: number, code: number, text = ''): Frame => ({
  kind: 'goAway',
  lastId,
  code,
  debug: utf8(text),
});
export const unknown = (type: number, length: number): Frame => ({ kind: 'unknown', type, length });
