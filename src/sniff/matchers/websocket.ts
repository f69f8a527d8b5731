import type { HeaderFields } from '../header-fields.js';
import { requestHead } from '../http1-head.js';
import { http1TooLong } from '../http1-too-long.js';
import { latin1, matchPrefix, type Matcher } from '../matcher.js';
import { requestTarget } from '../request-target.js';

/** What {@link websocket} learned of the handshake. */
export interface WebSocketMeta {
  /** The path asked for without its query, not decoded. */
  readonly path: string;
  /** The host asked for, lower-case, without a dot at its end and without its port. */
  readonly host: string;
  /** The subprotocols offered (`Sec-WebSocket-Protocol`), in the client's order; often none. */
  readonly protocols: readonly string[];
  /** Where the page came from; browsers always send it, other clients seldom. */
  readonly origin?: string;
}

/** Options of {@link websocket}. */
export interface WebSocketOptions {
  /** The whole path, query left out, or a RegExp to find in it. Default any. */
  readonly path?: string | RegExp;
}

const GET = latin1('GET ');
const UPGRADE = latin1('upgrade');

/**
 * A WebSocket handshake (RFC 6455 §4.2.1): an HTTP/1.1 `GET` with `Host`, `Upgrade: websocket`, `Connection: upgrade`,
 * a key of 16 bytes and version 13. Decides at the end of the head; a broken handshake is left to the HTTP matchers
 * after it.
 *
 * Routes by path before any HTTP server exists, so several WebSocket servers need not share one `upgrade` event. Place
 * it before `http1()`: a handshake is a good HTTP request too.
 *
 * @example
 * ```ts
 * const conns$ = listen({ port: 8080 });
 * const { live, web } = partitionByProtocol(conns$, { live: websocket({ path: '/live' }), web: http1() });
 * ```
 */
export function websocket({ path }: WebSocketOptions = {}): Matcher<'websocket', WebSocketMeta> {
  return {
    protocol: 'websocket',
    firstBytes: [0x0a, 0x0d, 0x47],
    tooLong: http1TooLong,
    match(first) {
      const { bytes } = first;
      const head = first.parser(requestHead);
      const reading = head.readFields(bytes);
      if (reading === 'no' || matchPrefix(bytes.subarray(head.lineStart), GET) === 'no') return 'no';
      if (reading === 'more') return 'more';
      // Most heads have no such field: no text is made of them.
      if (head.indexOf(bytes, UPGRADE, 0) < 0) return 'no';
      const line = head.requestLine(bytes);
      const fields = head.fields(bytes, head.fieldCount);
      const asked = requestTarget(line, fields.values('host'));
      if (typeof asked !== 'object' || !isWanted(asked.path, path) || line.version !== '1.1' || !isHandshake(fields))
        return 'no';
      const origin = fields.get('origin');
      const protocols = fields.list('sec-websocket-protocol');
      return {
        meta: { path: asked.path, host: asked.authority.host, protocols, ...(origin === undefined ? {} : { origin }) },
      };
    },
  };
}

function isWanted(path: string, wanted: string | RegExp | undefined): boolean {
  // `search`, unlike `test`, neither reads nor moves the lastIndex of a global or sticky RegExp.
  if (wanted instanceof RegExp) return path.search(wanted) >= 0;
  return wanted === undefined || path === wanted;
}

function isHandshake(fields: HeaderFields): boolean {
  const lists = (name: string, token: string): boolean =>
    fields.list(name).some((element) => element.toLowerCase() === token);
  return (
    lists('upgrade', 'websocket') &&
    lists('connection', 'upgrade') &&
    /^[\da-z+/]{22}==$/i.test(fields.get('sec-websocket-key') ?? '') &&
    fields.get('sec-websocket-version') === '13'
  );
}
