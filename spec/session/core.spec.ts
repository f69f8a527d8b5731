import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, NEVER } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import { receiveBudget } from '../../src/session/options.js';
import { muxado, smux } from '../../src/wire/index.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, ends, joined, hello, turn } from './session-ends.js';

const KB = 1000;

test('a budget gets back what a stream held, once, when its end comes as reading goes on', async () => {
  const budget = receiveBudget({ maxBytes: 1_000_000 });
  const peer = rawPeer({ codec: smux(), role: 'server', scheduler: new Clock(), receiveBudgetBytes: 150 * KB, budget });
  const streams = arrivals(peer.session);
  peer.send({ kind: 'open', id: 3 });
  for (let n = 0; n < 3; n++) peer.send({ kind: 'data', id: 3, bytes: new Uint8Array(50 * KB) });
  peer.send({ kind: 'end', id: 3 });
  const [stream] = streams;
  stream?.complete();
  await turn();
  expect([budget.usedBytes, stream?.remoteEnded]).toEqual([150 * KB, false]);
  let read = 0;
  stream?.subscribe((bytes) => (read += bytes.length));
  await turn();
  expect([read, peer.session.streams, budget.usedBytes]).toEqual([150 * KB, [], 0]);
  expect(peer.session._life.core.receiveRoom.own.usedBytes).toBe(0);
});

test('a budget that half a frame fills does not stop a reader who reads all', async () => {
  const { client, server } = ends(smux(), { receiveBudgetBytes: 50 * KB }, { capacityBytes: 1000, chunkBytes: 500 });
  const streams = arrivals(server);
  const near = client.open();
  near.next(new Uint8Array(60 * KB));
  near.complete();
  await turn();
  let read = 0;
  for (const stream of streams) stream.subscribe((bytes) => (read += bytes.length));
  await turn();
  await turn();
  expect(read).toBe(60 * KB);
});

test.each([
  ['muxado 1', muxado({ version: 1 }), 6],
  ['muxado 2', muxado(), 5],
] as const)(
  '%s: an opener that resets its stream with the code for refused refuses nothing',
  async (_name, codec, code) => {
    const pair = ends(codec);
    const [near, far] = await joined(pair, hello);
    const closed = firstValueFrom(far.closed$);
    near.reset(code);
    expect((await closed).error).toMatchObject({ code: 'ERR_MUX_RESET', wireCode: code, retryable: false });
  },
);

describe.each(CODECS)('a stream of %s whose reader leaves in the middle of its work', (_name, codec) => {
  test('session case 29: drops what comes, and the writer goes on', async () => {
    const { client, server } = ends(codec);
    const streams = arrivals(server);
    const near = client.open();
    near.next(new Uint8Array(1000 * KB));
    await turn();
    const [far] = streams;
    const work = far?.pipe(consume(() => NEVER, { concurrency: 1000 })).subscribe();
    await turn();
    work?.unsubscribe();
    await turn();
    expect(near.bufferedBytes).toBe(0);
    near.complete();
    far?.complete();
    expect(log(near)).toEqual([]);
    await turn();
    expect([client.streams, server.streams]).toEqual([[], []]);
  });
});

test.each(CODECS.filter(([, { traits }]) => traits.goAway !== 'none'))(
  '%s: a peer that ends the session with a code ends it with an error, streams or not',
  async (_name, codec) => {
    const peer = rawPeer({ codec, role: 'server' });
    peer.send({ kind: 'goAway', lastId: 0, code: 1, debug: new Uint8Array(0) });
    await turn();
    const { error, initiator, remoteCode } = await firstValueFrom(peer.session.closed$);
    expect([error?.code, error?.wireCode, initiator, remoteCode]).toEqual(['ERR_MUX_GOAWAY', 1, 'remote', 1]);
  },
);
