import { afterEach, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { firstValueFrom, Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { MATCH, type Matcher } from '../../src/sniff/matcher.js';
import { ssh } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';
import { turn } from '../session/session-ends.js';
import { loopback } from './loopback.js';

const FIRST = 'SSH-2.0-first\r\n';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A socket whose first bytes were looked at; `attach` is called as it is handed over, before they are. */
async function looked(attach: (socket: Duplex) => void): Promise<{ socket: Duplex; client: Socket }> {
  const handed$ = new Subject<Duplex>();
  const server = await loopback((conns$) =>
    conns$.pipe(sniff(ssh())).subscribe((conn: Conn) => {
      const socket = conn.duplex();
      attach(socket);
      handed$.next(socket);
    }),
  );
  open.push(server);
  const handed = firstValueFrom(handed$);
  const client = await server.connect();
  client.write(FIRST);
  return { socket: await handed, client };
}

it('hands the first bytes to a reader that flows, and does not ask the socket to read, which it does', async () => {
  const seen: string[] = [];
  let asked = 0;
  const { socket, client } = await looked((taken) => {
    const read = taken._read.bind(taken);
    taken._read = (size) => {
      asked++;
      read(size);
    };
    taken.on('data', (chunk) => seen.push(String(chunk)));
  });
  await turn();
  await turn();
  expect([seen, asked]).toEqual([[FIRST], 0]);
  const next = new Promise((resolve) => socket.once('data', resolve));
  client.write('second');
  await next;
  expect(seen).toEqual([FIRST, 'second']);
});

it('hands them on as a Buffer when they came in two chunks', async () => {
  const seen: unknown[] = [];
  const handed$ = new Subject<void>();
  const looked$ = new Subject<void>();
  const watching: Matcher = {
    protocol: 'halves',
    match: ({ bytes }) => {
      looked$.next();
      return bytes.length < FIRST.length ? 'more' : MATCH;
    },
  };
  const server = await loopback((conns$) =>
    conns$.pipe(sniff(watching)).subscribe((conn: Conn) => {
      conn.duplex().on('data', (chunk: Uint8Array) => seen.push(Buffer.isBuffer(chunk), String(chunk)));
      queueMicrotask(() => {
        handed$.next();
      });
    }),
  );
  open.push(server);
  const [half, handed] = [firstValueFrom(looked$), firstValueFrom(handed$)];
  const client = await server.connect();
  client.write(FIRST.slice(0, 5));
  await half;
  client.write(FIRST.slice(5));
  await handed;
  while (seen.length === 0) await turn();
  expect(seen).toEqual([true, FIRST]);
});

it('gives a reader text that asked for it', async () => {
  const seen: unknown[] = [];
  await looked((taken) => {
    taken.setEncoding('utf8').on('data', (chunk) => seen.push(chunk));
  });
  expect(seen).toEqual([FIRST]);
});

it('keeps the first bytes for a reader that comes later, or has paused', async () => {
  const { socket } = await looked(() => undefined);
  expect(String(socket.read())).toBe(FIRST);
  const seen: string[] = [];
  const { socket: paused } = await looked((taken) => {
    taken.on('data', (chunk) => seen.push(String(chunk))).pause();
  });
  await turn();
  expect(seen).toEqual([]);
  paused.resume();
  while (seen.length === 0) await turn();
  expect(seen).toEqual([FIRST]);
});

it('lets a reader pause from within, and resume', async () => {
  const seen: string[] = [];
  const { socket, client } = await looked((taken) => {
    taken.on('data', (chunk) => {
      seen.push(String(chunk));
      taken.pause();
    });
  });
  client.write('second');
  while (socket.readableLength === 0) await turn();
  expect(seen).toEqual([FIRST]);
  socket.resume();
  while (seen.length === 1) await turn();
  expect(seen).toEqual([FIRST, 'second']);
});
