import { map, type OperatorFunction } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { UsageError } from '../errors.js';
import type { Codec, CodecMeta } from '../wire/codec.js';
import type { SessionOptions } from './options.js';
import { session, type Session } from './session.js';
import { settle } from './settings.js';

/** Settings of {@link acceptSessions}. */
export interface AcceptSessionsOptions extends Omit<SessionOptions, 'codec' | 'role'> {
  /** The wire protocol of all connections. @defaultValue the one that `sniff` found */
  readonly codec?: Codec;
}

/**
 * Runs a session, as the server, over each connection: with the codec that matched it, so that one port takes several.
 *
 * Unsubscribing stops taking connections and leaves the sessions alone. Each session ends by itself: its `accept$` completes and
 * its `closed$` says why, so none ends the others. Errors with `ERR_MUX_USAGE` for a connection that no codec matched, when none is given.
 *
 * @param options - limits of every session
 * @throws UsageError `ERR_MUX_OPTION` for an option out of range; without a codec as an error of the Observable, since
 * what is in range depends on it
 * @example
 * ```ts
 * listen({ port: 4040 })
 *   .pipe(sniff(muxado(), yamux(), smux()), acceptSessions())
 *   .pipe(mergeMap((s) => s.accept$))
 *   .subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());   // echo
 * ```
 */
export function acceptSessions(options: AcceptSessionsOptions = {}): OperatorFunction<Conn, Session> {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null)
    throw new UsageError('ERR_MUX_OPTION', 'options of acceptSessions are an object');
  // Now, and not at the first connection; what fits a codec that sniff has yet to find is told then.
  if (options.codec !== undefined) settle({ ...options, codec: options.codec, role: 'server' });
  return map((conn) => session(conn, { ...options, codec: options.codec ?? codecOf(conn), role: 'server' }));
}

function codecOf(conn: Conn): Codec {
  const found = conn.meta[conn.protocol] as Partial<CodecMeta> | undefined;
  if (found?.codec !== undefined) return found.codec;
  const text = `connection ${conn.id} was matched by no codec: sniff for yamux(), muxado() or smux(), or name a codec`;
  throw new UsageError('ERR_MUX_USAGE', text);
}
