import { UsageError } from '../errors.js';
import type { Codec } from './codec.js';
import { muxado1 } from './muxado1.js';
import { typedMuxado2, untypedMuxado2 } from './muxado2.js';

/** Settings of `muxado`, version 2. */
export interface Muxado2Options {
  /** The version on the wire. @defaultValue 2 */
  readonly version?: 2;
  /**
   * Each stream begins with a 4-byte type: for peers that use `NewTypedStreamSession` (ngrok's do), and for `open({ type })`.
   * Both ends have to agree. Heartbeats go over a stream of type 0xFFFFFFFF then, else by a probe that every peer refuses.
   * @defaultValue false, as Go's `muxado.Client` and `Server`
   */
  readonly typed?: boolean;
}

/** Settings of `muxado`, version 1. */
export interface Muxado1Options {
  /** The version on the wire. */
  readonly version: 1;
}

/**
 * muxado. Version 2 (of 2016, ngrok's) by default: 8-byte headers, 256 KiB windows, streams opened by their first data.
 * Version 1 (of 2014, which Consul vendored): 64 KiB windows, 16 KiB frames, stream types and priorities in the opening frame.
 *
 * @param options - which version, and for version 2 whether streams have types
 * @throws UsageError `ERR_MUX_OPTION` for another version
 * @see docs/wire/muxado2.md and docs/wire/muxado1.md
 * @example
 * ```ts
 * const s = session(conn, { codec: muxado(), role: 'client' });
 * ```
 */
export function muxado(options: Muxado1Options): Codec<'muxado1'>;
export function muxado(options?: Muxado2Options): Codec<'muxado2'>;
export function muxado(options: Muxado1Options | Muxado2Options = {}): Codec<'muxado1' | 'muxado2'> {
  const { version = 2, typed }: { readonly version?: number; readonly typed?: boolean | undefined } = options;
  if (version === 1) {
    if (typed !== undefined)
      throw new UsageError('ERR_MUX_OPTION', 'typed is for version 2: streams of muxado 1 always have types');
    return muxado1;
  }
  if (version !== 2) throw new UsageError('ERR_MUX_OPTION', `the version of muxado is 1 or 2, not ${version}`);
  return typed ? typedMuxado2 : untypedMuxado2;
}
