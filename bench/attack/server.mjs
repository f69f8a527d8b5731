// The program that is attacked, in a process of its own, with defaults: sessions that echo, read nothing, answer too much or pass on, and
// connections that are sniffed. Honest clients have a port of their own in the same process.
import { once } from 'node:events';
import http from 'node:http';
import { createServer } from 'node:net';
import { NEVER, Subject } from 'rxjs';
import * as rxmux from '../../dist/index.js';
import { answering } from '../lib/answering.mjs';

const { acceptSessions, consume, flowTo, fromDuplex, http1, proxyTo, sniff, toHttp, yamux } = rxmux;
const WRITTEN_BYTES = 16_384 * 8;
const sessions = new Set();

/** Sessions on a port, each stream served so. */
const serving = (serve, options) => (conns$) =>
  conns$.pipe(acceptSessions({ codec: yamux(), ...options })).subscribe((session) => {
    sessions.add(session);
    session.closed$.subscribe(() => sessions.delete(session));
    session.accept$.subscribe(serve);
  });

const backend = createServer((socket) => socket.pause()).listen(0, '127.0.0.1');
await once(backend, 'listening');

const SERVERS = {
  echo: serving((stream) => stream.pipe(flowTo(stream)).subscribe()),
  'never reads': serving((stream) => stream.pipe(consume(() => NEVER)).subscribe({ error: () => undefined })),
  'writes by next': serving((stream) => {
    stream.subscribe({ error: () => undefined });
    // Without asking whether it may.
    for (let sent = 0; sent < WRITTEN_BYTES && !stream.isOver; sent += 8) stream.next(new Uint8Array(8));
  }),
  'writes and waits': serving((stream) => {
    stream.subscribe({ error: () => undefined });
    const writer = stream.writable.getWriter();
    const write = () => writer.write(new Uint8Array(65_536)).then(write, () => undefined);
    write();
  }),
  'passes on to a backend that reads nothing': serving((stream) =>
    proxyTo({ port: backend.address().port, host: '127.0.0.1' }).next(stream),
  ),
  sniffs: (conns$) => conns$.pipe(sniff(http1())).subscribe(toHttp(http.createServer((_, reply) => reply.end('ok')))),
};

async function portOf(run) {
  const conns$ = new Subject();
  run(conns$);
  const server = createServer({ allowHalfOpen: true }, (socket) => conns$.next(fromDuplex(socket)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

const collect = async () => {
  for (let n = 0; n < 4; n++) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
};

const ports = { honest: await portOf(serving((stream) => stream.pipe(flowTo(stream)).subscribe())) };
for (const [name, run] of Object.entries(SERVERS)) ports[name] = await portOf(run);

answering(ports, {
  rss: () => ({ rss: process.memoryUsage.rss() }),
  // Without garbage: what is held, and what of it is counted.
  async memory() {
    await collect();
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    let counted = 0;
    for (const { _life } of sessions) counted += _life.core.receiveRoom.heldBytes + _life.core.sendRoom.usedBytes;
    return { rss, held: heapUsed + arrayBuffers, counted, sessions: sessions.size };
  },
});
