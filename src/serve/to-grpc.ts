import { EventEmitter } from 'node:events';
import type { Http2Server, Http2Session } from 'node:http2';
import { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { UsageError } from '../errors.js';
import { carrierOf } from '../net/tls-carrier.js';
import { http2Kind } from './http2-sessions.js';
import { http2Stream } from './http2-stream.js';
import { announceLiving, checkProbe, endWhenSilent, type ProbeOptions } from './living-sessions.js';
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
 * Each session is sent a PING every `probeMs`, a minute unless set, and a session that sends no byte until the next is destroyed. Before
 * its first call it has 5 s for that.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a server without credentials, and a time out of range
 * @example
 * ```ts
 * const server = new grpc.Server();
 * server.addService(Greeter.service, greeter);
 * grpc$.subscribe(toGrpc(server, grpc.ServerCredentials.createInsecure()));
 * ```
 */
export function toGrpc<Credentials>(
  server: GrpcServer<Credentials>,
  credentials: Credentials,
  options?: ProbeOptions,
): Sink;
/** The same with an injector of your own; `close` destroys it. */
export function toGrpc(injector: GrpcInjector, options?: ProbeOptions): Sink;
export function toGrpc(target: GrpcServer<unknown> | GrpcInjector, second?: unknown, third?: ProbeOptions): Sink {
  if ('injectConnection' in target) return injectorSink(target, second as ProbeOptions | undefined);
  const injector = injectorOf(target, second);
  const server = latestServerOf(target);
  if (server === undefined) return injectorSink(injector, third);
  const sink = serverSink(server, http2Kind(third));
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

function injectorSink(injector: GrpcInjector, options: ProbeOptions = {}): Sink {
  checkProbe(options);
  let isGuarded = false;
  let taken: Duplex | undefined;
  const guard = (server: EventEmitter): void => {
    isGuarded = true;
    announceLiving(server);
    server.on('session', (session: Http2Session) => {
      endWhenSilent(session, options, taken ?? carrierOf(session.socket as TLSSocket));
    });
  };
  return streamSink(
    (stream) => {
      const connection = http2Stream(stream);
      // In the clear its session begins within this call.
      taken = connection;
      if (isGuarded) injector.injectConnection(connection);
      else beforeConnection(connection, guard, () => injector.injectConnection(connection));
      taken = undefined;
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
 * Calls `found` with the emitter that emits 'connection' with `taken` within `inject`, before its listeners are called.
 *
 * An injector hides the server of `node:http2` that it belongs to, which is needed here as in `toHttp2`: a client that takes a call back in the
 * packet it came in would end the process, and sessions that fell silent would stay. It always emits that event, so
 * `emit` is replaced for the time of this one call.
 */
function beforeConnection(taken: Duplex, found: (server: EventEmitter) => void, inject: () => void): void {
  const { prototype } = EventEmitter;
  const emit = Reflect.get(prototype, 'emit');
  prototype.emit = function (this: EventEmitter, event: string | symbol, ...values: unknown[]): boolean {
    if (event === 'connection' && values[0] === taken) {
      prototype.emit = emit;
      found(this);
    }
    return Reflect.apply(emit, this, [event, ...values]);
  };
  try {
    inject();
  } finally {
    prototype.emit = emit;
  }
}
