import { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { UsageError } from '../errors.js';
import { http2Stream } from './http2-stream.js';
import { announceLiving, endWhenSilent } from './living-sessions.js';
import { OpenStreams, streamSink, type Sink } from './sink.js';

/** What `createConnectionInjector` of a grpc-js server gives. */
export interface GrpcInjector {
  /** Serves gRPC on a connection. */
  injectConnection(connection: Duplex): void;
  /** Ends what was injected gracefully: sessions send GOAWAY and finish their open calls. */
  destroy(): void;
}

/** A `Server` of `@grpc/grpc-js` 1.11 or later. */
export interface GrpcServer<Credentials> {
  /** Gives what takes connections in place of a port, secured as the credentials say. */
  createConnectionInjector(credentials: Credentials): GrpcInjector;
}

/**
 * Hands each connection to a `Server` of `@grpc/grpc-js` (1.11 or later), which needs no `bindAsync` and no `start`.
 * `grpc.ServerCredentials.createInsecure()` is right for connections in the clear and for those from inside `terminateTls`;
 * secure credentials are for connections that are still encrypted. An injector of your own will do instead of both.
 *
 * `close` lets open calls finish: every session sends GOAWAY and takes no new ones. Shut down the server only after it:
 * grpc-js goes on serving what is injected after a shutdown.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a server without credentials
 * @example
 * ```ts
 * const server = new grpc.Server();
 * server.addService(Greeter.service, greeter);
 * grpc$.subscribe(toGrpc(server, grpc.ServerCredentials.createInsecure()));
 * ```
 */
export function toGrpc<Credentials>(server: GrpcServer<Credentials>, credentials: Credentials): Sink;
/** The same with an injector of your own; `close` destroys it. */
export function toGrpc(injector: GrpcInjector): Sink;
export function toGrpc(target: GrpcServer<unknown> | GrpcInjector, credentials?: unknown): Sink {
  const injector = 'injectConnection' in target ? target : injectorOf(target, credentials);
  let guarded = false;
  return streamSink(new OpenStreams(), {
    take: (stream) => {
      const taken = http2Stream(stream);
      injector.injectConnection(taken);
      guarded ||= guard(taken);
    },
    drain: () => {
      injector.destroy();
    },
  });
}

function injectorOf(server: GrpcServer<unknown>, credentials: unknown): GrpcInjector {
  if (credentials !== undefined) return server.createConnectionInjector(credentials);
  throw new UsageError(
    'ERR_MUX_OPTION',
    'toGrpc(server) needs credentials: toGrpc(server, grpc.ServerCredentials.createInsecure())',
  );
}

/**
 * grpc-js shows nobody its server of `node:http2`, which is needed here as in `toHttp2`: a client that takes a call back in the
 * packet it came in would end the process. Node notes the server on the stream of each session, in a private field. Streams
 * are announced a tick later, so the first session is guarded too. With secure credentials the field is out of sight, but
 * there the first bytes are a TLS handshake and hold no frames.
 */
function guard(taken: Duplex): boolean {
  const field = Object.getOwnPropertySymbols(taken).find(({ description }) => description === 'server');
  const server: unknown = field && Reflect.get(taken, field);
  if (!isEmitter(server)) return false;
  announceLiving(server);
  server.on('session', (session: ServerHttp2Session) => {
    endWhenSilent(session);
  });
  return true;
}

const isEmitter = (value: unknown): value is EventEmitter => value instanceof EventEmitter;
