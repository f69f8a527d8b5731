import { describe, expect, test } from '@jest/globals';
import { defer, finalize, firstValueFrom, map, toArray, type Observable } from 'rxjs';
import { flowTo } from '../../src/flow/flow-to.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Session } from '../../src/session/session.js';
import { smux } from '../../src/wire/index.js';
import { bytesOf, hostile } from './abuse/hostile.js';
import { log } from './raw-peer.js';
import { arrivals, CODECS, ends, opened, readAll, turn, why } from './session-ends.js';

const unrefusing = CODECS.filter(([, { traits }]) => traits.reset === 'none');

/** Opens so many streams in one tick, each with a request of its own, and reads their replies. */
function ask(client: Session, count: number): Promise<string>[] {
  return Array.from({ length: count }, async (_, n) => {
    const stream = client.open();
    stream.next(Buffer.from(`request ${n}`));
    stream.complete();
    return Buffer.from(await readAll(stream)).toString();
  });
}

const replies = (count: number): string[] => Array.from({ length: count }, (_, n) => `request ${n}, served`);

/** Answers what was asked, and tells the most that were served at once. */
function serve({ accept$ }: Session): () => number {
  let served = 0;
  let most = 0;
  const answer = (stream: MuxStream): Observable<Uint8Array> =>
    defer(() => {
      most = Math.max(most, ++served);
      return stream.pipe(
        toArray(),
        map((chunks) => Buffer.concat([...chunks, Buffer.from(', served')])),
      );
    });
  accept$.subscribe((stream) => {
    answer(stream)
      .pipe(finalize(() => served--))
      .subscribe({ next: (reply) => stream.next(reply), complete: () => stream.complete() });
  });
  return () => most;
}

describe.each(unrefusing)('streams of a peer of %s past a limit', (_name, codec) => {
  test('past maxStreams are served in turn', async () => {
    const { client, server } = ends(codec, { server: { maxStreams: 2 } });
    const most = serve(server);
    expect(await Promise.all(ask(client, 20))).toEqual(replies(20));
    expect(most()).toBe(2);
  });

  test('are served in turn however the wire is cut, and however small the backlog is', async () => {
    const { client, server } = ends(codec, { server: { maxStreams: 1, acceptBacklog: 0 } }, { chunkBytes: 5 });
    serve(server);
    expect(await Promise.all(ask(client, 50))).toEqual(replies(50));
  });

  test('past acceptBacklog wait for a late subscriber, and nothing behind them is read', async () => {
    const { client, server } = ends(codec, { server: { acceptBacklog: 3 } });
    const asked = Promise.all(ask(client, 20));
    await turn();
    expect(server.streams).toHaveLength(4);
    serve(server);
    expect(await asked).toEqual(replies(20));
  });

  test('wait for each next subscriber', async () => {
    const { client, server } = ends(codec, { server: { acceptBacklog: 0 } });
    const asked = Promise.all(ask(client, 5));
    for (let n = 0; n < 5; n++) {
      const stream = await firstValueFrom(server.accept$);
      stream.pipe(flowTo(stream)).subscribe();
      await turn();
    }
    expect(await asked).toEqual(Array.from({ length: 5 }, (_, n) => `request ${n}`));
  });

  test('past a budget are taken as what came before is read, and none is lost', async () => {
    const peer = hostile({ codec, receiveBudgetBytes: 1000, budget: receiveBudget({ maxBytes: 1 << 20 }) });
    const streams = arrivals(peer.victim);
    await peer.flood(10, (n) => {
      const id = codec.traits.firstId.client + 2 * n;
      return bytesOf(
        codec,
        { kind: 'open', id },
        { kind: 'data', id, bytes: new Uint8Array(1000) },
        { kind: 'end', id },
      );
    });
    for (let n = 0; n < 10; n++) {
      expect(streams).toHaveLength(n + 1);
      expect((await readAll(streams[n] as MuxStream)).length).toBe(1000);
      await turn();
    }
    expect([...peer.replies.keys()]).not.toContain('end');
  });

  test('cost memory for the backlog and one chunk, and no FIN', async () => {
    const peer = hostile({ codec, acceptBacklog: 10 });
    await peer.flood(100_000, (n) => bytesOf(codec, { kind: 'open', id: codec.traits.firstId.client + 2 * n }));
    expect(peer.stats()).toMatchObject({ inboundStreams: 11, framesRead: 11 });
    expect([...peer.replies]).toEqual([]);
    expect(peer.error()).toBeUndefined();
  });

  test('are no sign of death while they wait, and our own writing goes on', async () => {
    const { client, server, clock } = ends(codec, { server: { acceptBacklog: 0, keepAlive: {} } });
    const [near, far] = [client.open(), firstValueFrom(server.accept$)];
    near.next(Buffer.from('first'));
    const stream = await far;
    const seen = log(near);
    void opened(client);
    await turn();
    expect(server.streams).toHaveLength(2);
    await clock.pass(600_000);
    stream.next(Buffer.from('said while nothing is read'));
    await turn();
    expect(seen).toEqual(['said while nothing is read']);
  });

  test('after goAway are dropped without a FIN, and end with their session', async () => {
    const { client, server } = ends(codec, { server: { acceptBacklog: 0 } });
    const [first, second] = [opened(client), opened(client)];
    const seen = [first, second].map((stream) => log(stream));
    await turn();
    server.goAway();
    const third = log(opened(client));
    await turn();
    expect([...seen, third]).toEqual([[], [], []]);
    for (const stream of arrivals(server)) stream.complete();
    first.complete();
    second.complete();
    await turn();
    expect(await why(server)).toBeUndefined();
    expect([...seen, third]).toEqual([['complete'], ['ERR_MUX_TRANSPORT'], ['ERR_MUX_TRANSPORT']]);
  });

  test('of both sides that crossed goAway end with an error, not never', async () => {
    const { client, server, clock } = ends(codec, { stallTimeoutMs: 20_000, keepAlive: {} });
    const seen = [client, server].map((side) => log(opened(side)));
    client.goAway();
    server.goAway();
    await clock.pass(18_000);
    expect(seen).toEqual([[], []]);
    await clock.pass(4000);
    // The first to give up ends the connection of the other.
    expect(seen.flat().sort()).toEqual(['ERR_MUX_TIMEOUT', 'ERR_MUX_TRANSPORT']);
    expect(clock.timers).toBe(0);
  });

  test('that goAway dropped leave a stream alone that the peer answers', async () => {
    const { client, server, clock } = ends(codec, { stallTimeoutMs: 20_000 });
    const near = opened(client);
    const seen = log(near);
    const far = await firstValueFrom(server.accept$);
    far.next(Buffer.from('first'));
    await turn();
    client.goAway();
    const dropped = log(opened(server));
    await clock.pass(60_000);
    far.next(Buffer.from('last'));
    far.complete();
    near.complete();
    await turn();
    expect([seen, dropped]).toEqual([['first', 'last', 'complete'], ['ERR_MUX_TRANSPORT']]);
  });

  test('that goAway dropped leave one alone that the peer opened before, silent as it is', async () => {
    const { client, server, clock } = ends(codec, { stallTimeoutMs: 20_000 });
    const far = log(server.open({ eager: true }));
    arrivals(client);
    await turn();
    client.goAway();
    void log(opened(server));
    await clock.pass(60_000);
    expect([client._life.isOver, far]).toEqual([false, []]);
  });

  test('that goAway dropped leave one alone whose neighbour is answered', async () => {
    const { client, server, clock } = ends(codec, { stallTimeoutMs: 20_000 });
    const [answered, silent] = [opened(client), opened(client)].map((stream) => log(stream));
    (await firstValueFrom(server.accept$)).next(Buffer.from('first'));
    await turn();
    client.goAway();
    void log(opened(server));
    await clock.pass(60_000);
    expect([client._life.isOver, answered, silent]).toEqual([false, ['first'], []]);
  });

  test('do not keep close from its end', async () => {
    const { client, server } = ends(codec, { server: { acceptBacklog: 0 } });
    const seen = [opened(client), opened(client), opened(client)].map((stream) => log(stream));
    await turn();
    server.close();
    expect(await why(server)).toBeUndefined();
    expect(await why(client)).toBe('ERR_MUX_TRANSPORT');
    expect(seen).toEqual([['ERR_MUX_TRANSPORT'], ['ERR_MUX_TRANSPORT'], ['ERR_MUX_TRANSPORT']]);
  });

  test('do not hide the end of their peer once they are taken', async () => {
    const { client, server } = ends(codec, { server: { acceptBacklog: 0 } });
    void opened(client);
    void opened(client);
    await turn();
    client.close();
    await turn();
    const streams = arrivals(server);
    expect(await why(server)).toBe('ERR_MUX_TRANSPORT');
    expect(streams).toHaveLength(2);
  });
});

test('streams of smux 2 past the budget of the process are taken once another session is read', async () => {
  const codec = smux({ version: 2 });
  const budget = receiveBudget({ maxBytes: 400_000 });
  const full = hostile({ codec, budget });
  const other = hostile({ codec, budget });
  const [greedy, streams] = [arrivals(full.victim), arrivals(other.victim)];
  const filled = (id: number, length: number): Uint8Array =>
    bytesOf(
      codec,
      { kind: 'open', id },
      ...Array.from({ length }, () => ({ kind: 'data', id, bytes: new Uint8Array(1000) }) as const),
    );
  full.write(filled(3, 200));
  other.write(filled(3, 200));
  other.write(filled(5, 100));
  for (const id of [7, 9, 11]) other.send({ kind: 'open', id });
  expect(streams).toHaveLength(2);
  greedy[0]?.subscribe({ error: () => undefined });
  await other.clock.pass(1000);
  expect(streams).toHaveLength(5);
});
