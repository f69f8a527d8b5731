import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CODECS, ends, hello, turnsUntil } from './session-ends.js';

const STREAMS = 64;
const EARLY_TURNS = 32;

afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(CODECS)('Duplexes of streams of %s that end together', (_name, codec) => {
  test('are answered by a write or a few, not one for each', async () => {
    const { client, server } = ends(codec, { acceptBacklog: STREAMS });
    let ended = 0;
    server.accept$.subscribe((stream) => {
      const duplex = stream.duplex();
      duplex.resume().on('end', () => {
        ended++;
        duplex.end('bye');
      });
    });
    const streams = Array.from({ length: STREAMS }, () => client.open());
    let answered = 0;
    for (const stream of streams) {
      stream.subscribe({ complete: () => answered++ });
      stream.next(hello);
    }
    await turnsUntil(() => server._life.core.streamsAccepted === STREAMS);
    const { writer } = server._life.core;
    const before = writer.writes;
    for (const stream of streams) stream.complete();
    await turnsUntil(() => answered === STREAMS);
    expect([ended, client.streams, server.streams]).toEqual([STREAMS, [], []]);
    expect(writer.writes - before).toBeLessThanOrEqual(2 + STREAMS / EARLY_TURNS);
  });

  test("all are told of it, whatever a listener of 'readable' throws", async () => {
    const uncaught: unknown[] = [];
    // What is thrown from there is an uncaught exception of the process.
    jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((act) => {
      void Promise.resolve()
        .then(act)
        .catch((error: unknown) => uncaught.push((error as Error).message));
    });
    const { client, server } = ends(codec);
    const told: number[] = [];
    server.accept$.subscribe((stream) => {
      const duplex = stream.duplex();
      duplex.on('error', () => undefined);
      duplex.on('readable', () => {
        if (duplex.read() !== null) return;
        told.push(stream.streamId);
        if (told.length === 1) throw new Error('a bug');
      });
    });
    const streams = [client.open(), client.open(), client.open()];
    for (const stream of streams) stream.complete();
    await turnsUntil(() => told.length >= streams.length);
    expect([told, uncaught]).toEqual([streams.map(({ streamId }) => streamId), ['a bug']]);
  });
});
