import { firstValueFrom } from 'rxjs';
import {
  acceptSessions,
  grpc,
  http1,
  http2,
  listen,
  partitionByProtocol,
  terminateTls,
  tls,
  websocket,
} from '../../../dist/index.js';
import { certificate } from '../../lib/certificate.mjs';
import { sink as grpcSink } from './grpc.mjs';
import { sink as http1Sink } from './http1.mjs';
import { sink as http2Sink } from './http2.mjs';
import { CODECS } from '../../lib/codecs.mjs';
import { serve } from './mux.mjs';
import { sink as webSocketSink } from './web-socket.mjs';

/** Serves every protocol on one port, in the clear and inside TLS, with the same servers. Gives the port. */
export async function openPort(world) {
  const sinks = { websocket: webSocketSink(), http1: http1Sink(), grpc: grpcSink(), http2: http2Sink() };
  const matchers = { websocket: websocket(), http1: http1(), grpc: grpc(), http2: http2(), ...CODECS };
  const attach = (routes) => {
    for (const [name, sink] of Object.entries(sinks)) routes[name].subscribe(sink);
    for (const [name, codec] of Object.entries(CODECS))
      routes[name]
        .pipe(acceptSessions({ codec, ...world.limits }))
        .subscribe((accepted) => serve(world, name, accepted));
  };
  // Clients of a busy machine may need long for their first bytes.
  const timeoutMs = 30_000;
  const rejected = { next: ({ reason }) => world.count(`rejected: ${reason}`) };
  const conns$ = listen({ port: 0, host: '127.0.0.1' });
  const outside = partitionByProtocol(conns$, { ...matchers, tls: tls() }, { rejected, timeoutMs });
  const ALPNProtocols = ['h2', 'http/1.1'];
  attach(outside);
  attach(
    partitionByProtocol(
      outside.tls.pipe(terminateTls({ ...certificate, ALPNProtocols, rejected, timeoutMs })),
      matchers,
      {
        rejected,
        timeoutMs,
      },
    ),
  );
  return (await firstValueFrom(conns$.address$)).port;
}
