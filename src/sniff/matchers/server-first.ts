import { UsageError } from '../../errors.js';
import type { Matcher } from '../matcher.js';

/** When {@link serverFirst} gives up waiting for the client. */
export interface ServerFirstOptions {
  /** Milliseconds of silence; shorter than the sniffer's `timeoutMs`, or the deadline comes first. */
  readonly after: number;
}

// Above this a timer fires at once.
const AFTER_LIMIT = 0x7fff_ffff;

/**
 * Matches a client that has sent nothing for `after` milliseconds, for protocols in which the server speaks first (SMTP, FTP,
 * IMAP, MySQL, VNC). A client that sends a byte before that is left to the other matchers.
 *
 * Browsers open connections ahead of need and leave them idle, so beside HTTP some of them end up here: take a long `after`, or
 * a port of its own.
 *
 * @param protocol - the name that such a Conn gets
 * @throws UsageError `ERR_MUX_OPTION` unless `after` is over 0 and at most 2147483647
 * @example
 * ```ts
 * conns$.pipe(sniff(tls(), serverFirst('smtp', { after: 1500 })));
 * ```
 */
export function serverFirst<const P extends string>(
  protocol: P,
  { after }: ServerFirstOptions,
): Matcher<P, Readonly<Record<string, never>>> {
  if (!(after > 0 && after <= AFTER_LIMIT)) {
    throw new UsageError(
      'ERR_MUX_OPTION',
      `after is a number of milliseconds over 0 and up to ${AFTER_LIMIT}, not ${after}`,
    );
  }
  return {
    protocol,
    firstBytes: [],
    silentAfterMs: after,
    match: ({ bytes, final }) => (bytes.length > 0 || final ? 'no' : 'more'),
  };
}
