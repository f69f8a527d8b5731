import { afterEach, describe, expect, test } from '@jest/globals';
import type { Stream, StreamMuxer } from '@libp2p/interface';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { firstValueFrom, map, Subject, toArray } from 'rxjs';
import { flowTo } from '../../src/flow/flow-to.js';
import { dial } from '../../src/net/dial.js';
import { session, type Session } from '../../src/session/session.js';
import { yamux } from '../../src/wire/index.js';
import { duplexOf, libp2pSession } from './libp2p.js';
import { digest, pattern, readAll, send, sha256 } from './mux-traffic.js';
import { Lab } from './run.js';

const MB = 1_000_000;
const BIG = 100 * MB;
const MANY = 1000;
const IDLE_MS = 30_000;

const lab = new Lab();
afterEach(() => lab.down());

interface Pair {
  readonly ours: Session;
  readonly theirs: StreamMuxer;
  readonly socket: Socket;
}

/** A session between rxmux and libp2p's yamux in JavaScript, over loopback. */
async function meet(role: 'client' | 'server'): Promise<Pair> {
  const options = { codec: yamux(), role };
  if (role === 'client') {
    const server = createServer().listen(0, '127.0.0.1');
    lab.onDown(() => server.close());
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const conn = await firstValueFrom(dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }));
    const [socket] = await accepted;
    return owned({ ours: session(conn, options), theirs: libp2pSession(socket, 'server'), socket });
  }
  const sessions$ = new Subject<Session>();
  const port = await lab.port((conns$) => [conns$.pipe(map((conn) => session(conn, options))).subscribe(sessions$)]);
  const first = firstValueFrom(sessions$);
  const socket = connect({ port, host: '127.0.0.1' });
  const theirs = libp2pSession(socket, 'client');
  return owned({ ours: await first, theirs, socket });
}

function owned(pair: Pair): Pair {
  lab.onDown(() => {
    pair.ours.error('the test is over');
    pair.socket.destroy();
  });
  return pair;
}

function echoTheirs({ theirs }: Pair): void {
  theirs.addEventListener('stream', ({ detail }) => {
    const duplex = duplexOf(detail);
    duplex.on('error', () => undefined);
    duplex.pipe(duplex);
  });
}

function echoOurs({ ours }: Pair): void {
  ours.accept$.subscribe({
    next: (stream) => {
      stream.pipe(flowTo(stream)).subscribe();
    },
    error: () => undefined,
  });
}

/** Sends bytes on a stream of theirs, and gives what came back. */
async function echo(stream: Stream, bytes: number): Promise<{ bytes: number; sha256: string }> {
  const duplex = duplexOf(stream);
  const back = digest(duplex);
  for (const chunk of pattern(bytes)) if (!duplex.write(chunk)) await once(duplex, 'drain');
  duplex.end();
  return back;
}

describe.each(['client', 'server'] as const)('session case 68: libp2p-yamux, with rxmux as the %s', (role) => {
  test('100 MB come back as they went', async () => {
    const pair = await meet(role);
    echoTheirs(pair);
    const stream = pair.ours.open();
    const [back] = await Promise.all([digest(stream), send(stream, pattern(BIG))]);
    expect(back).toEqual({ bytes: BIG, sha256: sha256(pattern(BIG)) });
  });

  test('100 MB that libp2p sends go back as they came', async () => {
    const pair = await meet(role);
    echoOurs(pair);
    expect(await echo(await pair.theirs.createStream(), BIG)).toEqual({ bytes: BIG, sha256: sha256(pattern(BIG)) });
  });

  test(`${MANY} streams at once, opened here`, async () => {
    const pair = await meet(role);
    echoTheirs(pair);
    const back = await Promise.all(
      Array.from({ length: MANY }, async () => {
        const stream = pair.ours.open();
        const [bytes] = await Promise.all([readAll(stream), send(stream, pattern(64))]);
        return bytes.length;
      }),
    );
    expect(back).toEqual(back.map(() => 64));
  });

  test(`${MANY} streams at once, opened by libp2p`, async () => {
    const pair = await meet(role);
    echoOurs(pair);
    const streams = await Promise.all(Array.from({ length: MANY }, () => pair.theirs.createStream()));
    const back = await Promise.all(streams.map((stream) => echo(stream, 64)));
    expect(back.map(({ bytes }) => bytes)).toEqual(back.map(() => 64));
  });

  test('a reply that comes after our half-close', async () => {
    const pair = await meet(role);
    pair.theirs.addEventListener('stream', ({ detail }) => {
      const duplex = duplexOf(detail);
      const chunks: Buffer[] = [];
      duplex.on('data', (chunk: Buffer) => chunks.push(chunk));
      duplex.on('end', () => duplex.end(sha256(chunks)));
    });
    const stream = pair.ours.open();
    const [reply] = await Promise.all([readAll(stream), send(stream, pattern(MB))]);
    expect(String(reply)).toBe(sha256(pattern(MB)));
  });

  test('a reset of ours is a reset there, and one of theirs is one here; the next stream lives', async () => {
    const pair = await meet(role);
    echoTheirs(pair);
    const told = once(pair.theirs, 'stream') as Promise<[CustomEvent<Stream>]>;
    const stream = pair.ours.open();
    stream.next(Uint8Array.of(1));
    const [{ detail }] = await told;
    const reset = once(detail, 'close') as Promise<[{ readonly error?: Error }]>;
    stream.error('enough');
    expect((await reset)[0].error?.name).toBe('StreamResetError');

    const accepted = firstValueFrom(pair.ours.accept$);
    const opened = await pair.theirs.createStream();
    opened.send(Uint8Array.of(1));
    const ours = await accepted;
    const end = firstValueFrom(ours.pipe(toArray())).catch((error: unknown) => error);
    opened.abort(new Error('enough'));
    expect(await end).toMatchObject({ code: 'ERR_MUX_RESET', initiator: 'remote' });

    const next = pair.ours.open();
    const [bytes] = await Promise.all([readAll(next), send(next, pattern(64))]);
    expect(bytes).toHaveLength(64);
  });

  test('our GoAway comes after the streams, since libp2p ends all at it', async () => {
    const pair = await meet(role);
    echoTheirs(pair);
    const stream = pair.ours.open();
    pair.ours.goAway();
    const [bytes] = await Promise.all([readAll(stream), send(stream, pattern(MB))]);
    expect(bytes).toHaveLength(MB);
    expect(await firstValueFrom(pair.ours.closed$)).toMatchObject({ initiator: 'local' });
    expect(pair.theirs.status).not.toBe('open');
  });

  test('a peer that is gone ends every stream with an error', async () => {
    const pair = await meet(role);
    echoTheirs(pair);
    const stream = pair.ours.open();
    const incoming = stream[Symbol.asyncIterator]();
    stream.next(Uint8Array.of(1));
    await incoming.next();
    const end = incoming.next();
    pair.socket.resetAndDestroy();
    await expect(end).rejects.toMatchObject({ code: 'ERR_MUX_TRANSPORT' });
  });
});

test(
  `idle for ${IDLE_MS / 1000} s, pings of both sides answered, then a stream echoes`,
  async () => {
    await Promise.all(
      (['client', 'server'] as const).map(async (role) => {
        const pair = await meet(role);
        echoTheirs(pair);
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
        expect(await firstValueFrom(pair.ours.ping())).toBeGreaterThanOrEqual(0);
        const stream = pair.ours.open();
        const [bytes] = await Promise.all([readAll(stream), send(stream, pattern(64))]);
        expect(bytes).toHaveLength(64);
      }),
    );
  },
  2 * IDLE_MS,
);
