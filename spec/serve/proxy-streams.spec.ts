import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { flowTo } from '../../src/flow/flow-to.js';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { CODECS, ends, pattern, turn, turnsUntil } from '../session/session-ends.js';
import { Stage } from './sink-harness.js';

const stage = new Stage();
afterEach(() => stage.down());

const BYTES = 20_000;

/** What each connection to a backend brought: how many bytes, and how it ended. */
async function backend(serve: (socket: Socket) => void = () => undefined) {
  const seen: { bytes: number; end?: string }[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const one: (typeof seen)[number] = { bytes: 0 };
    seen.push(one);
    stage.onDown(() => socket.destroy());
    socket.on('data', (chunk) => (one.bytes += chunk.length));
    socket.on('end', () => (one.end ??= 'end')).on('error', ({ message }) => (one.end ??= message));
    serve(socket);
  }).listen(0, '127.0.0.1');
  stage.onDown(() => server.close());
  await once(server, 'listening');
  return { seen, target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } };
}

const loopTurns = async (isDone: () => boolean): Promise<void> => {
  for (let n = 0; n < 100_000 && !isDone(); n++) await turn();
};

describe.each(CODECS)('proxyTo behind a session of %s', (_name, codec) => {
  test.each([
    ['reads', () => undefined],
    ['echoes', (socket: Socket) => void socket.pipe(socket)],
    ['speaks first', (socket: Socket) => void socket.write('220 ready')],
  ])('brings an upload that is whole to a backend that %s, though the session then ends', async (_does, serve) => {
    const { seen, target } = await backend(serve);
    for (let run = 1; run <= 20; run++) {
      const { client, server } = ends(codec);
      server.accept$.subscribe(proxyTo(target));
      const stream = client.open();
      stream.next(pattern(BYTES));
      stream.complete();
      client.close();
      await loopTurns(() => seen[run - 1]?.end !== undefined);
      expect(seen[run - 1]).toEqual({ bytes: BYTES, end: 'end' });
    }
  });

  test('gives up the dial for a client whose session ends without FIN', async () => {
    const { seen, target } = await backend();
    const { client, server } = ends(codec);
    server.accept$.subscribe(proxyTo(target));
    client.open().next(pattern(100));
    client.close();
    await turnsUntil(() => server._life.isOver);
    for (let n = 0; n < 200; n++) await turn();
    expect(seen.map(({ bytes }) => bytes).filter((bytes) => bytes > 0)).toEqual([]);
  });

  test('passes a reset that follows FIN to the far end of a splice, behind the bytes and FIN', async () => {
    const [near, far] = [ends(codec), ends(codec)];
    near.server.accept$.subscribe((stream) => {
      const other = far.client.open();
      stream.pipe(flowTo(other)).subscribe();
      other.pipe(flowTo(stream)).subscribe();
    });
    const told: unknown[] = [];
    let bytes = 0;
    far.server.accept$.subscribe((stream) => {
      stream.subscribe({ next: (chunk) => (bytes += chunk.length), complete: () => told.push('complete') });
      stream.closed$.subscribe(({ error }) => told.push(error?.code));
    });
    const stream = near.client.open();
    stream.next(pattern(BYTES));
    stream.complete();
    await turnsUntil(() => told.length > 0);
    expect([bytes, told]).toEqual([BYTES, ['complete']]);
    stream.error('no answer wanted');
    if (codec.traits.reset === 'none') return;
    await turnsUntil(() => told.length > 1);
    expect([told, far.client.streams]).toEqual([['complete', 'ERR_MUX_RESET'], []]);
  });
});
