import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { familyOf } from '../conn/ip-address.js';
import { PassingMap } from '../conn/passing-map.js';
import type { SocketLike } from '../net/socket-like.js';
import { carrierOf } from '../net/tls-carrier.js';
import { drainHttp } from './http-drain.js';
import { http2Stream } from './http2-stream.js';
import { announceLiving, checkProbe, endWhenSilent, type ProbeOptions } from './living-sessions.js';
import type { ServerKind } from './served-server.js';
import { boundHandshakes, countHandshake, isTlsServer, showClients } from './tls-handshakes.js';

/** An open session, and the stream that was handed over for it; none for one of the server's own port. */
interface Open {
  readonly session: ServerHttp2Session;
  readonly stream: Duplex | undefined;
}

type Sessions = PassingMap<ServerHttp2Session, Open>;

const sessionsOf = new WeakMap<Http2Server | Http2SecureServer, Sessions>();

// The stream that is being handed over: in the clear its session begins within the call that does it.
let taking: Duplex | undefined;

/** Servers of `node:http2`: their sessions send GOAWAY when they are to end, and PING while they live. */
export const HTTP2: ServerKind<Http2Server | Http2SecureServer> = {
  prepare: (server) => prepare(server, {}),
  asTaken: http2Stream,
  take: (server, stream) => {
    countHandshake(server, stream);
    taking = stream;
    try {
      server.emit('connection', stream);
    } finally {
      taking = undefined;
    }
  },
  drain: (server, streams) => {
    for (const { session, stream } of sessionsOf.get(server)?.values() ?? []) {
      if (stream !== undefined && streams.has(stream)) session.close();
    }
    // With allowHTTP1 a secure server has connections of HTTP/1, too.
    return drainHttp(server, streams);
  },
};

/**
 * The same, with times of their own for the PINGs.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a time out of range
 */
export function http2Kind(options: ProbeOptions | undefined): typeof HTTP2 {
  if (options === undefined) return HTTP2;
  checkProbe(options);
  return { ...HTTP2, prepare: (server) => prepare(server, options) };
}

function prepare(server: Http2Server | Http2SecureServer, options: ProbeOptions): () => void {
  const sessions: Sessions = new PassingMap();
  sessionsOf.set(server, sessions);
  const onSession = (session: ServerHttp2Session): void => {
    const stream = taking ?? carrierOf(session.socket as TLSSocket);
    sessions.set(session, { session, stream });
    session.once('close', () => sessions.delete(session));
    announceLiving(session);
    endWhenSilent(session, options, stream);
    showPeer(session);
  };
  server.on('session', onSession);
  const undos = isTlsServer(server) ? [boundHandshakes(server), showClients(server)] : [];
  return () => {
    server.off('session', onSession);
    for (const undo of undos) undo();
  };
}

// Over a Duplex the session makes a socket of its own that has no peer; this is the field that its addresses are read from.
function showPeer({ socket }: ServerHttp2Session): void {
  const { stream } = socket as typeof socket & { readonly stream?: SocketLike };
  if (stream?.remoteAddress === undefined) return;
  const { remoteAddress: address, remotePort: port } = stream;
  Object.assign(socket, { _peername: { address, port, family: familyOf(address) } });
}
