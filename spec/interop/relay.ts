import { catchError, EMPTY, map, merge, mergeMap, type Observable, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { dial } from '../../src/net/dial.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { session, type Session } from '../../src/session/session.js';
import type { Codec } from '../../src/wire/codec.js';

// Streams that the peers queue for Accept in the tests of yamux; they reset any beyond that.
const PEER_BACKLOG = 64;

/** Passes each stream that `from` accepts on to `to`, and the end of `from` too. */
function pass(from: Session, to: Session): void {
  from.accept$.subscribe((near) => {
    const far = to.open();
    merge(near.pipe(flowTo(far)), far.pipe(flowTo(near))).subscribe();
  });
  from.closed$.subscribe(({ error }) => {
    if (error === undefined) to.close();
    else to.error(error);
  });
}

/**
 * Relays sessions of a protocol: each connection begins with a PROXY header that names the server on loopback, and each
 * stream that one end opens becomes a stream of the session with the other.
 */
export function relay(codec: Codec, conns$: Observable<Conn>): Subscription {
  const reach = (near: Conn): Observable<readonly [Conn, Conn]> =>
    dial({ host: '127.0.0.1', port: near.localPort ?? 0 }).pipe(
      map((far) => [near, far] as const),
      catchError((error: unknown) => {
        near.error(error);
        return EMPTY;
      }),
    );
  return conns$.pipe(proxyProtocol({ trust: ['127.0.0.1'] }), mergeMap(reach)).subscribe(([near, far]) => {
    const client = session(near, { codec, role: 'server', maxUnacceptedStreams: PEER_BACKLOG });
    const server = session(far, { codec, role: 'client', maxUnacceptedStreams: PEER_BACKLOG });
    pass(client, server);
    pass(server, client);
  });
}
