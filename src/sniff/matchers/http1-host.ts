import { hostPattern, parseAuthority, type Authority } from '../../conn/host-name.js';
import { UsageError } from '../../errors.js';
import type { HeaderFields } from '../header-fields.js';
import { REQUEST_FIRST_BYTES, requestHead, unlessMalformed } from '../http1-head.js';
import { http1TooLong } from '../http1-too-long.js';
import { latin1, type Matcher } from '../matcher.js';
import { requestTarget } from '../request-target.js';
import type { Http1HeaderMeta } from './http1-header.js';

/** What {@link http1Host} learned. */
export interface Http1HostMeta extends Http1HeaderMeta {
  /** All header fields. */
  readonly headers: HeaderFields;
  /** The host asked for, lower-case, without a dot at its end and without its port. */
  readonly host: string;
  /** The path of the target without its query, not decoded; `*` for `OPTIONS *`, empty for `CONNECT`. */
  readonly path: string;
}

const HOST = latin1('host');

/**
 * HTTP/1 for one of these hosts. The host is that of an absolute target or of `CONNECT`, else of `Host` (RFC 9112
 * §3.2.2). A request with two `Host` lines matches nothing (§3.2), so this decides at the end of the head. A dot at the end
 * of a host means nothing. A client whose head does not end within `maxBytes` of the sniffer is answered 414 or 431.
 *
 * @param hosts - `'example.com'` (any port), `'example.com:8080'` (this port, as the client wrote it),
 *   `'*.example.com'` (every name below, not `example.com` itself), or a RegExp searched for in the lower-case host
 *   without its port. A name in Unicode stands for its ASCII form (`xn--…`), which is what clients send.
 * @throws {@link UsageError} `ERR_MUX_OPTION` without a host, or for text that is none
 * @example
 * ```ts
 * const api$ = listen({ port: 80 }).pipe(sniff(http1Host('api.example.com', '*.api.example.com'), http1()));
 * ```
 */
export function http1Host(...hosts: readonly (string | RegExp)[]): Matcher<'http1', Http1HostMeta> {
  if (hosts.length === 0) throw new UsageError('ERR_MUX_OPTION', "name a host at least: http1Host('example.com')");
  const tests = hosts.map(hostTest);
  return {
    protocol: 'http1',
    firstBytes: REQUEST_FIRST_BYTES,
    tooLong: http1TooLong,
    match(first) {
      const { bytes } = first;
      const head = first.parser(requestHead);
      const reading = head.readFields(bytes);
      if (reading !== 'end') return unlessMalformed(reading, head);
      const line = head.requestLine(bytes);
      const asked = requestTarget(line, head.values(bytes, HOST));
      if (asked === 'malformed') return 'unreadable';
      if (asked === undefined || !tests.some((test) => test(asked.authority))) return 'no';
      const { method, target, version } = line;
      const headers = head.fields(bytes, head.fieldCount);
      return { meta: { method, target, version, headers, host: asked.authority.host, path: asked.path } };
    },
  };
}

function hostTest(wanted: string | RegExp): (asked: Authority) => boolean {
  // `search`, unlike `test`, neither reads nor moves the lastIndex of a global or sticky RegExp.
  if (wanted instanceof RegExp) return ({ host }) => host.search(wanted) >= 0;
  const below = wanted.startsWith('*.');
  const parsed = parseAuthority(hostPattern(below ? wanted.slice(2) : wanted));
  if (parsed === undefined || parsed.host.includes('*')) {
    const text = `'${wanted}' is no host: write 'example.com', 'example.com:8080', '*.example.com' or a RegExp`;
    throw new UsageError('ERR_MUX_OPTION', text);
  }
  return ({ host, port }) =>
    (parsed.port === undefined || parsed.port === port) &&
    (below ? host.endsWith(`.${parsed.host}`) : host === parsed.host);
}
