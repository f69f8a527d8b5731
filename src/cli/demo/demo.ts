import http from 'node:http';
import http2 from 'node:http2';
import {
  catchError,
  EMPTY,
  firstValueFrom,
  map,
  merge,
  NEVER,
  Subject,
  Subscription,
  takeWhile,
  tap,
  type Observable,
} from 'rxjs';
import type { Conn } from '../../conn/conn.js';
import { flowTo } from '../../flow/flow-to.js';
import { listen, type ListenAddress } from '../../net/listen.js';
import { terminateTls } from '../../net/terminate-tls.js';
import { SessionTraffic } from '../../observe/session-traffic.js';
import { Traffic } from '../../observe/traffic.js';
import { proxyTo } from '../../serve/proxy-to.js';
import { connSink, type Sink } from '../../serve/sink.js';
import { toHttp } from '../../serve/to-http.js';
import { toHttp2 } from '../../serve/to-http2.js';
import * as matchers from '../../sniff/matchers/index.js';
import { partitionByProtocol } from '../../sniff/partition-by-protocol.js';
import type { DemoOptions } from '../args.js';
import { codecs } from '../codecs.js';
import { selfMadeCertificate } from './certificate.js';
import { grpcSink } from './grpc-services.js';
import { Redis } from './redis.js';
import { sessionStreams } from './sessions.js';
import { webSocketSink } from './web-socket.js';
import { web } from './web.js';

/** A demo that runs. */
export interface Demo {
  readonly address: ListenAddress;
  /** Closes the port, takes no streams on sessions any more, lets open work end, cuts what is left after two seconds. */
  close(): Promise<void>;
}

const GRACE_MS = 2000;
/** What a session gets on top, to end by itself once it has no streams. */
const SESSION_GRACE_MS = 500;
/** What a client has for its first bytes on a stream; whoever sends something else than HTTP needs none of it. */
const STREAM_SNIFF_MS = 1000;

/** One port with a server for each protocol; errors as `listen` does. */
export async function demo({ port, host, ssh }: DemoOptions, warn: (line: string) => void): Promise<Demo> {
  const traffic = new Traffic();
  const sessions = new SessionTraffic();
  const closing$ = new Subject<void>();
  const pages = web(traffic, sessions, closing$);
  const web1 = toHttp(http.createServer(pages));
  const web2 = toHttp2(http2.createServer(pages));
  const rpc = await grpcSink(warn);
  const sockets = await webSocketSink(warn);
  const certificate = await selfMadeCertificate(warn);
  const raw = connSink(echo);
  const redis = connSink(answerRedis);
  const shell = ssh && proxyTo(ssh);
  // The connections that sessions run over: read by the session, only waited for here.
  const carriers = connSink(() => undefined);
  const sinks = [web1, web2, rpc, sockets, shell, raw, redis].filter((sink): sink is Sink => sink !== undefined);

  // The same again inside TLS, so it takes the connections and whether they are inside already.
  const serve = (conns$: Observable<Conn>, inside: boolean): Subscription => {
    const routes = partitionByProtocol(
      conns$,
      {
        websocket: matchers.websocket(),
        http1: matchers.http1(),
        grpc: matchers.grpc(),
        http2: matchers.http2(),
        tls: matchers.tls(),
        ssh: matchers.ssh(),
        redis: matchers.redis({ inline: true }),
        session: matchers.anyOf(...Object.values(codecs)),
        raw: matchers.any(),
      },
      traffic.options,
    );
    const streams = partitionByProtocol(
      routes.session.pipe(tap(carriers), sessionStreams(sessions, closing$)),
      { http1: matchers.http1Fast(), http2: matchers.http2(), raw: matchers.any() },
      { timeoutMs: STREAM_SNIFF_MS },
    );
    const secure$ = certificate && !inside ? routes.tls.pipe(terminateTls({ ...certificate, ...TLS })) : NEVER;
    const serving = new Subscription();
    serving.add(routes.http1.subscribe(web1));
    serving.add(routes.http2.subscribe(web2));
    serving.add(routes.grpc.subscribe(rpc ?? web2));
    serving.add(routes.websocket.subscribe(sockets ?? web1));
    serving.add(routes.redis.subscribe(redis));
    serving.add(routes.ssh.subscribe(shell ?? raw));
    serving.add(routes.raw.subscribe(raw));
    serving.add(streams.http1.subscribe(web1));
    serving.add(streams.http2.subscribe(web2));
    serving.add(streams.raw.subscribe(raw));
    serving.add(inside ? routes.tls.subscribe(raw) : serve(secure$, true));
    return serving;
  };

  const listener = listen({ port, host });
  const failed$ = new Subject<never>();
  const conns$ = listener.pipe(
    catchError((error: unknown) => {
      failed$.error(error);
      return EMPTY;
    }),
  );
  const serving = serve(conns$, false);
  const address = await firstValueFrom(merge(listener.address$, failed$));
  return {
    address,
    async close() {
      closing$.next();
      serving.unsubscribe();
      await Promise.all(sinks.map((sink) => sink.close({ graceMs: GRACE_MS })));
      await carriers.close({ graceMs: SESSION_GRACE_MS });
    },
  };
}

const TLS = { ALPNProtocols: ['h2', 'http/1.1'] };

function echo(conn: Conn): void {
  conn.pipe(flowTo(conn)).subscribe();
}

function answerRedis(conn: Conn): void {
  const redis = new Redis();
  conn
    .pipe(
      map((chunk) => redis.push(chunk)),
      takeWhile(({ last }) => !last, true),
      map(({ bytes }) => bytes),
      flowTo(conn),
    )
    .subscribe();
}
