import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import { concat, firstValueFrom, NEVER, Observable, of, Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { serveMux } from '../../src/serve/serve-mux.js';
import { toHttp } from '../../src/serve/to-http.js';
import { sessionPair } from './session-pair.js';
import { localhostPem, Stage } from './sink-harness.js';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const CLIENTS = 20;
const stage = new Stage();
afterEach(() => stage.down());

/** Answers with a first part and then nothing more, and counts the responses that somebody still waits for. */
function endless() {
  const counts = { begun: 0, open: 0 };
  const listener = serveMux({
    '/': () =>
      new Observable<string>((subscriber) => {
        counts.begun++;
        counts.open++;
        const first = concat(of('first part'), NEVER).subscribe(subscriber);
        return () => {
          counts.open--;
          first.unsubscribe();
        };
      }),
  });
  return { counts, listener };
}

async function left(client: Duplex): Promise<void> {
  const [first] = (await once(client, 'data')) as [Buffer];
  expect(first.toString('latin1')).toContain(' 200 ');
  client.destroy();
}

/** Resolves once the server has none of the connections any more. */
async function allGone(taken: readonly Conn[]): Promise<void> {
  expect(taken).toHaveLength(CLIENTS);
  await Promise.all(taken.map(({ closed$ }) => firstValueFrom(closed$)));
}

describe('clients that leave in the middle of a response are let go, and its handler is unsubscribed', () => {
  test('in the clear', async () => {
    const { counts, listener } = endless();
    const sink = toHttp(http.createServer(listener));
    const taken: Conn[] = [];
    const port = await stage.listen((conn) => {
      taken.push(conn);
      sink.next(conn);
    });
    for (let n = 0; n < CLIENTS; n++) {
      const { socket } = await stage.client(port);
      socket.write(GET);
      await left(socket.setEncoding('latin1'));
    }
    await allGone(taken);
    // The end of a stream is told to its response in a later turn.
    while (counts.open > 0) await new Promise(setImmediate);
    expect(counts).toEqual({ begun: CLIENTS, open: 0 });
  });

  test.each(['terminateTls', 'a server of node:https'])('over TLS, by %s', async (way) => {
    const pem = await localhostPem();
    const { counts, listener } = endless();
    const conns$ = new Subject<Conn>();
    if (way === 'terminateTls') conns$.pipe(terminateTls(pem)).subscribe(toHttp(http.createServer(listener)));
    else conns$.subscribe(toHttp(https.createServer(pem, listener)));
    const taken: Conn[] = [];
    const port = await stage.listen((conn) => {
      taken.push(conn);
      conns$.next(conn);
    });
    for (let n = 0; n < CLIENTS; n++) {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.write(GET);
      await left(socket);
    }
    await allGone(taken);
    // The end of a stream is told to its response in a later turn.
    while (counts.open > 0) await new Promise(setImmediate);
    expect(counts).toEqual({ begun: CLIENTS, open: 0 });
  });

  test.each(['FIN', 'a reset'])('over a stream of a session, by %s', async (way) => {
    const { counts, listener } = endless();
    const [client, server] = sessionPair();
    const sink = toHttp(http.createServer(listener));
    const taken: Conn[] = [];
    server.accept$.subscribe((stream) => {
      taken.push(stream);
      sink.next(stream);
    });
    for (let n = 0; n < CLIENTS; n++) {
      const stream = client.open();
      stream.next(Buffer.from(GET));
      await new Promise<void>((resolve) => {
        const reading = stream.subscribe({
          next: () => {
            resolve();
            reading.unsubscribe();
          },
          error: () => undefined,
        });
      });
      if (way === 'FIN') stream.complete();
      else stream.reset(0);
    }
    await allGone(taken);
    // The end of a stream is told to its response in a later turn.
    while (counts.open > 0) await new Promise(setImmediate);
    expect(counts).toEqual({ begun: CLIENTS, open: 0 });
    client.close();
    await firstValueFrom(client.closed$);
  });
});
