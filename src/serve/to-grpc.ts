import { EventEmitter } from 'node:events';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { UsageError } from '../errors.js';
import { HTTP2 } from './http2-sessions.js';
import { http2Stream } from './http2-stream.js';
import { announceLiving, endWhenSilent } from './living-sessions.js';
import { serverSink, streamSink, type Sink } from './sink.js';

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
 * `close` lets open calls finish: every session sends GOAWAY and takes no new ones. After `tryShutdown` and `forceShutdown`
 * of the server new connections are refused; with an injector, close the sink first. Over TLS, C-core clients and Go's from
 * 1.67 on need `ALPNProtocols: ['h2']`.
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
  if ('injectConnection' in target) return injectorSink(target);
  const injector = injectorOf(target, credentials);
  const server = latestServerOf(target);
  if (server === undefined) return injectorSink(injector);
  const sink = serverSink(server, HTTP2);
  return {
    ...sink,
    close: (options) => {
      const closed = sink.close(options);
      // grpc-js forgets the server then; its sessions have been asked to end already.
      injector.destroy();
      return closed;
    },
  };
}

function injectorSink(injector: GrpcInjector): Sink {
  let isGuarded = false;
  return streamSink(
    (stream) => {
      const taken = http2Stream(stream);
      injector.injectConnection(taken);
      isGuarded ||= guard(taken);
    },
    () => {
      injector.destroy();
    },
  );
}

function injectorOf(server: GrpcServer<unknown>, credentials: unknown): GrpcInjector {
  if (credentials !== undefined) return server.createConnectionInjector(credentials);
  throw new UsageError(
    'ERR_MUX_OPTION',
    'toGrpc(server) needs credentials: toGrpc(server, grpc.ServerCredentials.createInsecure())',
  );
}

// grpc-js makes a server of node:http2 for each injector. This private field is the only place that has them.
function latestServerOf(server: object): Http2Server | undefined {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const latest: unknown = servers instanceof Map ? [...servers.keys()].at(-1) : undefined;
  return latest instanceof Server ? (latest as Http2Server) : undefined;
}

/**
 * With no more than an injector, the server of `node:http2` behind it is out of sight, which is needed here as in `toHttp2`: a client
 * that takes a call back in the packet it came in would end the process. Node notes the server on the stream of each session, in a
 * private field. Streams are announced a tick later, so the first session is guarded too. With secure credentials the field is out of
 * sight, but there the first bytes are a TLS handshake and hold no frames.
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
