import { describe, expect, test } from '@jest/globals';
import { flowTo } from '../../src/flow/flow-to.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { StreamTable } from '../../src/session/stream-table.js';
import type { Traits } from '../../src/wire/codec.js';
import { muxado, yamux } from '../../src/wire/index.js';
import { CODECS, ends, hello, turn, turnsUntil, type Ends } from './session-ends.js';

const ASCENDING = muxado({ version: 1 }).traits;
const ANY_ORDER = muxado().traits;

function stream(streamId: number, isLocal: boolean, isAccepted = true): MuxStream {
  return Object.assign(Object.create(null) as MuxStream, { streamId, isLocal, isAccepted });
}

describe('a stream table', () => {
  test('gives ids of its own side, two apart, up to the highest', () => {
    const few: Traits = { ...ANY_ORDER, maxId: 7 };
    const [client, server] = [new StreamTable(few, 'client'), new StreamTable(few, 'server')];
    const taken = (table: StreamTable): (number | undefined)[] => Array.from({ length: 5 }, () => table.takeId());
    expect(taken(client)).toEqual([3, 5, 7, undefined, undefined]);
    expect(taken(server)).toEqual([2, 4, 6, undefined, undefined]);
    expect([client.isOurs(5), client.isOurs(4), server.isOurs(4)]).toEqual([true, false, true]);
  });

  test('says what is wrong with a stream that the peer opens', () => {
    const table = new StreamTable(ASCENDING, 'server');
    table.add(stream(5, false));
    table.lastRemoteId = 5;
    expect([1, 2, 3, 5, 7].map((id) => table.whyNot(id))).toEqual([
      'the peer opened stream 1, its first is 3',
      'the peer opened stream 2, an id of our side',
      'the peer opened stream 3 after stream 5',
      'the peer opened stream 5 twice',
      undefined,
    ]);
    const anyOrder = new StreamTable(ANY_ORDER, 'server');
    anyOrder.lastRemoteId = 5;
    expect(anyOrder.whyNot(3)).toBeUndefined();
  });

  test('counts a stream whose type has not come until it comes, or until the stream is removed', () => {
    const table = new StreamTable(muxado({ typed: true }).traits, 'client');
    const [typed, gone] = [stream(2, false), stream(4, false)];
    for (const each of [typed, gone]) {
      table.add(each);
      table.awaitType(each);
    }
    expect(table.untyped).toBe(2);
    table.typed(typed);
    expect(table.untyped).toBe(1);
    for (const each of [typed, gone]) table.remove(each);
    expect(table.untyped).toBe(0);
  });

  test('counts streams of both sides, and those that are not confirmed, each once', () => {
    const table = new StreamTable(yamux().traits, 'client');
    const [ours, unconfirmed, theirs] = [stream(1, true, false), stream(3, true, false), stream(2, false)];
    for (const each of [ours, unconfirmed, theirs]) table.add(each);
    expect([table.accepted(ours), table.accepted(ours)]).toEqual([true, false]);
    expect([table.inbound, table.outbound, table.unaccepted]).toEqual([1, 2, 1]);
    expect([unconfirmed, ours, theirs, theirs].map((each) => table.remove(each))).toEqual([true, true, true, false]);
    expect([table.inbound, table.outbound, table.unaccepted, table.streams.size]).toEqual([0, 0, 0, 0]);
  });

  test('remembers the last 256 ids that were answered, and no more', () => {
    const table = new StreamTable(ANY_ORDER, 'client');
    for (let id = 0; id < 257; id++) expect(table.answer(id)).toBe(true);
    expect([table.answer(256), table.answer(1), table.answer(0)]).toEqual([false, false, true]);
  });

  test('takes no id of the peer that it remembers as answered, and forgets what it answered of one that it takes', () => {
    const table = new StreamTable(ANY_ORDER, 'client');
    expect([table.whyNot(2), table.answer(2)]).toEqual([undefined, true]);
    expect(table.whyNot(2)).toBe('the peer opened stream 2 twice');
    for (let id = 4; id < 4 + 2 * 256; id += 2) table.answer(id);
    expect(table.whyNot(2)).toBeUndefined();
    table.answer(3);
    table.add(stream(3, true));
    expect([table.answer(3), table.answer(3)]).toEqual([true, false]);
  });

  test('has some hundreds of ids for probes, of its own side and from the highest down', () => {
    for (const role of ['client', 'server'] as const) {
      const table = new StreamTable(ANY_ORDER, role);
      const probes = new Set<number>();
      let id = 0;
      for (let n = 0; n < 2000; n++) {
        id = table.probeId(id);
        expect(table.isOurs(id)).toBe(true);
        probes.add(id);
      }
      expect(probes.size).toBe(513);
      expect([...probes].filter((probe) => probe > ANY_ORDER.maxId || probe < ANY_ORDER.maxId - 1100)).toEqual([]);
    }
  });
});

function echo({ server }: Ends): void {
  server.accept$.subscribe((each) => each.pipe(flowTo(each)).subscribe());
}

/** Tables, queues and budgets of both ends: what has to be 0. */
function left({ client, server }: Ends): number[] {
  return [client, server].flatMap(({ _life: { core } }) => [
    core.table.streams.size,
    core.table.inbound,
    core.table.outbound,
    core.table.unaccepted,
    core.table.untyped,
    core.writer.turns.length,
    core.receiveRoom.own.usedBytes,
  ]);
}

describe.each(CODECS)('many streams of %s', (name, codec) => {
  // All share the table: one protocol is enough for the long run.
  const count = name === 'muxado 2' ? 100_000 : 10_000;

  test(`session case 65: opened, echoed and closed one after the other, ${count} of them, leave nothing behind`, async () => {
    const pair = ends(codec);
    echo(pair);
    let done = 0;
    let finish: () => void;
    const allDone = new Promise<void>((resolve) => (finish = resolve));
    const next = (): void => {
      const one = pair.client.open();
      let echoed = 0;
      one.subscribe({
        next: (bytes) => (echoed += bytes.length),
        complete: () => {
          if (echoed === hello.length) done++;
          if (done < count) next();
          else finish();
        },
      });
      one.next(hello);
      one.complete();
    };
    next();
    await allDone;
    await turn();
    expect(pair.client._life.core.streamsOpened).toBe(count);
    expect(left(pair)).toEqual(Array<number>(14).fill(0));
    expect(pair.clock.timers).toBeLessThanOrEqual(2);
    await pair.clock.pass(2000);
    expect(pair.clock.timers).toBe(0);
  });

  test('session case 65: 10,000 open at the same time leave nothing behind', async () => {
    const pair = ends(codec, { maxStreams: 10_000, maxWaitingOpens: 10_000, acceptBacklog: 10_000 });
    const streams = Array.from({ length: 10_000 }, () => pair.client.open({ eager: true }));
    await turn();
    echo(pair);
    await turn();
    let echoed = 0;
    for (const one of streams) {
      one.subscribe((bytes) => (echoed += bytes.length));
      one.next(hello);
    }
    await turnsUntil(() => echoed === 10_000 * hello.length);
    expect(pair.client.streams).toHaveLength(10_000);
    expect(pair.server.streams).toHaveLength(10_000);
    for (const one of streams) one.complete();
    await turnsUntil(() => pair.client.streams.length === 0);
    await turn();
    expect(left(pair)).toEqual(Array<number>(14).fill(0));
    await pair.clock.pass(2000);
    expect(pair.clock.timers).toBe(0);
  });
});
