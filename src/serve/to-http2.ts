import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2';
import { PassingMap } from '../conn/passing-map.js';
import type { SocketLike } from '../net/socket-like.js';
import { http2Stream } from './http2-stream.js';
import { announceLiving, endWhenSilent } from './living-sessions.js';
import { announceListening, OpenStreams, streamSink, type Sink } from './sink.js';

/**
 * Hands each connection to a server of `node:http2`: to one of `createServer()` when it is in the clear (h2c) or comes from
 * inside `terminateTls`, with or without ALPN; to one of `createSecureServer()` when it is still encrypted. The server need
 * not listen. As in Node's own server, the client's FIN is the end of its session; what was answered at once still arrives.
 *
 * Each session is sent a PING once a minute, and one that nothing comes from in the minute after it is destroyed.
 *
 * `close` lets open requests finish: every session of the server sends GOAWAY and takes no new ones.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no server
 * @example
 * ```ts
 * const server = http2.createServer((req, res) => res.end('hello'));
 * http2$.subscribe(toHttp2(server));
 * ```
 */
export function toHttp2(server: Http2Server | Http2SecureServer): Sink {
  // With allowHTTP1 a secure server has the timeouts of node:http.
  announceListening(server);
  const sessions = new PassingMap<ServerHttp2Session, ServerHttp2Session>();
  server.on('session', (session: ServerHttp2Session) => {
    sessions.set(session, session);
    session.once('close', () => sessions.delete(session));
    announceLiving(session);
    endWhenSilent(session);
    tellPeer(session);
  });
  return streamSink(new OpenStreams(), {
    take: (stream) => server.emit('connection', http2Stream(stream)),
    drain: () => {
      for (const session of sessions.values()) session.close();
    },
  });
}

// Over a Duplex the session makes a socket of its own that knows no peer; this is the field its addresses are read from.
function tellPeer({ socket }: ServerHttp2Session): void {
  const { stream } = socket as typeof socket & { readonly stream?: SocketLike };
  if (stream?.remoteAddress === undefined) return;
  const { remoteAddress: address, remotePort: port } = stream;
  Object.assign(socket, { _peername: { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' } });
}
