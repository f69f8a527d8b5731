import { connect as connectSocket, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Session } from '../session/session.js';

/**
 * What HTTP clients take in place of `net.connect`. They ask for a Socket; what they get is a Duplex with all that they use of one.
 */
export interface Connect {
  /** As undici calls it: `done` gets the stream, or the error, in a later microtask. */
  (where: unknown, done: (error: Error | null, socket: Socket) => void): undefined;
  /** As `node:http2` and `ws` call it. */
  (where?: unknown, options?: unknown): Socket;
}

/**
 * Lets a client connect through a session: each of its connections is a stream. For undici (`connect`), `http2.connect`, `ws`
 * and connect-node (`createConnection`). Which host the client asks for plays no part: the other end of the session answers.
 *
 * When the session has ended, a request fails with the session's error, `ERR_MUX_CLOSED` and the like.
 *
 * @example
 * ```ts
 * const dispatcher = new undici.Agent({ connect: connectThrough(s) });
 * const h2 = http2.connect('http://peer', { createConnection: connectThrough(s) });
 * const socket = new WebSocket('ws://peer/live', { createConnection: connectThrough(s) });
 * ```
 */
export function connectThrough(session: Session): Connect {
  const connect = (_where?: unknown, done?: unknown): Duplex | undefined => {
    const stream = session.open().duplex();
    // As in net.connect: the end of the other side ends this one, and TLS over it.
    stream.allowHalfOpen = false;
    // Clients listen for errors only once they have it.
    stream.on('error', () => undefined);
    if (typeof done !== 'function') return stream.destroyed ? unconnected(stream.errored) : stream;
    // A call from within this one would leave undici's first request without an answer.
    queueMicrotask(() => {
      (done as Done)(stream.errored, stream);
    });
    return undefined;
  };
  return connect as Connect;
}

type Done = (error: Error | null, stream: Duplex) => void;

/**
 * A socket that does not get to connect. Over a Duplex `node:http2` says 'connect' even when that has failed already, which
 * connect-node takes for a connection: it would ask for one for ever, and the process do nothing else.
 */
function unconnected(error: Error | null): Duplex {
  return connectSocket({ host: 'peer', port: 1, lookup: (_host, _options, done) => done(error, []) });
}
