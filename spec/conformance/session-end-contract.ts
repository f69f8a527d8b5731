import { describe, expect, test } from '@jest/globals';
import type { Duplex } from 'node:stream';
import { filter, take } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { MuxError } from '../../src/errors.js';
import { consume } from '../../src/flow/consume.js';
import { flowTo } from '../../src/flow/flow-to.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { ends, hello, pattern, sha256, turn, turnsUntil, why, type Ends } from '../session/session-ends.js';

const BYTES = 200_000;

/** What a reader got: its bytes, and then 'complete' or the code of the error. */
interface Read {
  readonly chunks: Uint8Array[];
  end?: string;
}

type Way = readonly [name: string, read: (stream: MuxStream, codec: Codec) => Read];

/** Reads slowly: the session is over long before the last byte is read. */
const WAYS: readonly Way[] = [
  ['subscribe', (stream) => observed(stream)],
  [
    'consume',
    (stream) => {
      const read: Read = { chunks: [] };
      const work = async (chunk: Uint8Array): Promise<void> => {
        await turn();
        read.chunks.push(chunk);
      };
      stream.pipe(consume(work)).subscribe(ending(read));
      return read;
    },
  ],
  ['for await', (stream) => pulled(stream)],
  ['readable', (stream) => pulled(stream.readable)],
  ['duplex', (stream) => fromDuplexOf(stream.duplex())],
  ['duplex, by pulls', (stream) => pulled(stream.duplex() as AsyncIterable<Uint8Array>)],
  [
    'flowTo a stream of another session',
    (stream, codec) => {
      const other = ends(codec);
      const to = other.client.open();
      const read: Read = { chunks: [] };
      other.server.accept$.subscribe((far) => {
        const work = async (chunk: Uint8Array): Promise<void> => {
          await turn();
          read.chunks.push(chunk);
        };
        far.pipe(consume(work)).subscribe(ending(read));
      });
      stream.pipe(flowTo(to)).subscribe();
      return read;
    },
  ],
];

function ending(read: Read): { readonly complete: () => void; readonly error: (error: MuxError) => void } {
  return {
    complete: () => (read.end = 'complete'),
    error: ({ code }) => (read.end = code),
  };
}

function observed(conn: Conn): Read {
  const read: Read = { chunks: [] };
  conn.subscribe({ next: (chunk) => read.chunks.push(chunk), ...ending(read) });
  return read;
}

function pulled(source: AsyncIterable<Uint8Array>): Read {
  const read: Read = { chunks: [] };
  const pull = async (): Promise<void> => {
    for await (const chunk of source) {
      read.chunks.push(chunk);
      await turn();
    }
  };
  pull().then(ending(read).complete, ending(read).error);
  return read;
}

function fromDuplexOf(duplex: Duplex): Read {
  const read: Read = { chunks: [] };
  duplex.on('data', (chunk: Uint8Array) => {
    read.chunks.push(chunk);
    duplex.pause();
    setImmediate(() => duplex.resume());
  });
  duplex.on('end', () => (read.end ??= 'complete')).on('error', ({ code }: MuxError) => (read.end ??= code));
  return read;
}

type End = readonly [name: string, end: (pair: Ends) => void, code: (codec: Codec) => string];

const saysGoAway = ({ traits }: Codec): boolean => traits.goAway !== 'none';

/** How the session ends, and what a stream without FIN is told of it; undefined where nothing but FIN came. */
const ENDS: readonly End[] = [
  [
    'close of the peer',
    ({ server }) => server.close(),
    (codec) => (saysGoAway(codec) ? 'ERR_MUX_GOAWAY' : 'ERR_MUX_TRANSPORT'),
  ],
  [
    'error of the peer',
    ({ server }) => server.error('enough'),
    (codec) => (saysGoAway(codec) ? 'ERR_MUX_GOAWAY' : 'ERR_MUX_TRANSPORT'),
  ],
  ['our own close', ({ client }) => client.close(), () => 'ERR_MUX_CLOSED'],
  ['the loss of the connection', ({ conns }) => conns[1].error('cable'), () => 'ERR_MUX_TRANSPORT'],
  ['the end of the connection', ({ conns }) => conns[1].complete(), () => 'ERR_MUX_TRANSPORT'],
];

/** What came before a session ended is read first, however it ended and in every way of reading. */
export function sessionEndContract(name: string, codec: Codec): void {
  const hasWindow = codec.traits.initialWindowBytes !== Infinity;
  const windowBytes = Math.max(262_144, hasWindow ? codec.traits.initialWindowBytes : 0);
  const isLossy = codec.traits.reset === 'none';

  /** A client that has asked, and a reply of 200 KB that has arrived, or is about to. */
  async function replied(isWhole: boolean) {
    const budget = receiveBudget({ maxBytes: 1 << 30 });
    const pair = ends(
      codec,
      { windowBytes, budget, server: { budget: receiveBudget({ maxBytes: 1 << 30 }) } },
      { capacityBytes: 1 << 20 },
    );
    const sent = pattern(BYTES);
    pair.server.accept$.subscribe((far) => {
      far.subscribe({ error: () => undefined });
      far.next(sent);
      if (isWhole) far.complete();
    });
    const stream = pair.client.open();
    stream.next(hello);
    await turnsUntil(() => stream.bytesRead === BYTES);
    return { pair, stream, sent, budget };
  }

  describe.each(ENDS)(`what came on a stream of ${name} before %s`, (_end, end, codeOf) => {
    describe.each([
      ['with FIN', true],
      ['without FIN', false],
    ])('%s', (_fin, isWhole) => {
      test.each(WAYS)('is read whole by %s', async (way, readBy) => {
        const { pair, stream, sent, budget } = await replied(isWhole);
        const read = readBy(stream, codec);
        end(pair);
        await turnsUntil(() => read.end !== undefined);
        expect(sha256(Buffer.concat(read.chunks))).toBe(sha256(sent));
        // Over smux a flow can say no more than an end.
        const passedOn = isLossy ? 'complete' : 'ERR_MUX_RESET';
        const code = way.startsWith('flowTo') ? passedOn : codeOf(codec);
        expect(read.end).toBe(isWhole ? 'complete' : code);
        expect(await why(stream)).toBe(codeOf(codec));
        expect(budget.usedBytes).toBe(0);
        await turn();
        expect(pair.clock.timers).toBe(0);
      });

      test.each(WAYS)('is read whole by %s that comes after', async (way, readBy) => {
        const { pair, stream, sent, budget } = await replied(isWhole);
        end(pair);
        await turn();
        expect([stream.isOver, budget.usedBytes]).toEqual([true, BYTES]);
        const read = readBy(stream, codec);
        await turnsUntil(() => read.end !== undefined);
        expect(sha256(Buffer.concat(read.chunks))).toBe(sha256(sent));
        const passedOn = isLossy ? 'complete' : 'ERR_MUX_RESET';
        expect(read.end).toBe(isWhole ? 'complete' : way.startsWith('flowTo') ? passedOn : codeOf(codec));
        expect(budget.usedBytes).toBe(0);
      });
    });
  });

  /** A client that has accepted none of the server's streams: one with 200 KB, one that is empty, one without anything yet. */
  async function offered(isWhole: boolean, maxBytes = 1 << 30) {
    const budget = receiveBudget({ maxBytes });
    const pair = ends(
      codec,
      { windowBytes, budget, server: { budget: receiveBudget({ maxBytes: 1 << 30 }) } },
      { capacityBytes: 1 << 20 },
    );
    const sent = pattern(BYTES);
    const [full, empty] = [pair.server.open(), pair.server.open()];
    full.next(sent);
    if (isWhole) full.complete();
    empty.complete();
    void pair.server.open({ eager: true });
    const hasCome = (of: (stream: MuxStream) => boolean): boolean => pair.client.streams.some(of);
    await turnsUntil(
      () =>
        hasCome(({ bytesRead }) => bytesRead === BYTES) &&
        hasCome((stream) => stream._hasEnded && stream.bytesRead === 0),
    );
    return { pair, sent, budget };
  }

  describe.each(ENDS)(`streams of ${name} that wait in accept$ at %s`, (_end, end, codeOf) => {
    test.each([
      ['with FIN', true, Infinity],
      ['without FIN', false, Infinity],
      ['one subscriber for each', true, 1],
    ])('are accepted later with all that arrived: %s', async (_fin, isWhole, count) => {
      const { pair, sent, budget } = await offered(isWhole);
      end(pair);
      await turnsUntil(() => pair.client._life.isOver);
      const reads: Read[] = [];
      let completed = 0;
      for (let n = 0; n < 3; n++) {
        pair.client.accept$.pipe(take(count)).subscribe({
          next: (stream) => reads.push(observed(stream)),
          complete: () => completed++,
        });
      }
      expect(reads.map((read) => read.end)).toEqual([isWhole ? 'complete' : codeOf(codec), 'complete']);
      expect(sha256(Buffer.concat(reads[0]?.chunks ?? []))).toBe(sha256(sent));
      expect([completed, budget.usedBytes]).toEqual([3, 0]);
      await turnsUntil(() => pair.server._life.isOver);
      expect(pair.clock.timers).toBe(0);
    });

    test('are dropped when for stallTimeoutMs no subscriber takes any', async () => {
      const { pair, budget } = await offered(true);
      end(pair);
      await turnsUntil(() => pair.client._life.isOver && pair.server._life.isOver);
      const accepted: MuxStream[] = [];
      await pair.clock.pass(29_999);
      expect(budget.usedBytes).toBe(BYTES);
      pair.client.accept$.pipe(take(1)).subscribe((stream) => accepted.push(stream));
      await pair.clock.pass(29_999);
      expect(pair.clock.timers).toBe(1);
      await pair.clock.pass(1);
      pair.client.accept$.subscribe((stream) => accepted.push(stream));
      expect([accepted.length, pair.clock.timers]).toEqual([1, 0]);
      accepted[0]?.subscribe({ error: () => undefined });
      expect(budget.usedBytes).toBe(0);
    });

    test('are dropped, and what others have not read with them, where the budget of the process is used up', async () => {
      const { pair, budget } = await offered(true, BYTES);
      let taken: MuxStream | undefined;
      pair.client.accept$
        .pipe(
          filter(({ bytesRead }) => bytesRead > 0),
          take(1),
        )
        .subscribe((stream) => {
          taken = stream;
        });
      end(pair);
      await turnsUntil(() => pair.client._life.isOver && pair.server._life.isOver);
      const read = observed(taken as MuxStream);
      const accepted: MuxStream[] = [];
      pair.client.accept$.subscribe((stream) => void accepted.push(stream));
      expect([read.end, read.chunks, budget.usedBytes]).toEqual([codeOf(codec), [], 0]);
      expect(accepted.map(({ bytesRead }) => bytesRead)).toEqual([0]);
    });
  });

  test(`our own error drops the streams of ${name} that wait in accept$`, async () => {
    const { pair } = await offered(true);
    pair.client.error('enough');
    await turnsUntil(() => pair.client._life.isOver);
    const seen: unknown[] = [];
    pair.client.accept$.subscribe({ next: () => seen.push('stream'), complete: () => seen.push('complete') });
    expect(seen).toEqual(['complete']);
  });

  describe(`a reader of ${name} that takes nothing of what came before the end`, () => {
    test.each([
      ['consume', (stream: MuxStream): Read => stopped(stream)],
      ['duplex', (stream: MuxStream): Read => unread(stream)],
    ])('loses it after stallTimeoutMs and is told why: %s', async (_way, readBy) => {
      const { pair, stream, budget } = await replied(false);
      const read = readBy(stream);
      pair.conns[1].error('cable');
      await pair.clock.pass(29_999);
      expect([read.end, budget.usedBytes > 0]).toEqual([undefined, true]);
      await pair.clock.pass(1);
      await turn();
      expect([read.end, pair.clock.timers]).toEqual(['ERR_MUX_TRANSPORT', 0]);
    });

    test('holds what it has written back meanwhile, and is told that it did not leave', async () => {
      const { pair, stream } = await replied(true);
      const duplex = stream.duplex();
      const told: unknown[] = [];
      duplex.on('error', () => undefined);
      pair.conns[1].error('cable');
      duplex.write('late', (error) => told.push((error as MuxError | undefined)?.code));
      await turn();
      expect([told, duplex.destroyed]).toEqual([[], false]);
      const read = fromDuplexOf(duplex);
      await turnsUntil(() => told.length > 0);
      expect([told, read.end, Buffer.concat(read.chunks).length]).toEqual([['ERR_MUX_TRANSPORT'], 'complete', BYTES]);
    });
  });
}

function stopped(stream: MuxStream): Read {
  const read: Read = { chunks: [] };
  stream.pipe(consume(() => new Promise<never>(() => undefined))).subscribe(ending(read));
  return read;
}

function unread(stream: MuxStream): Read {
  const read: Read = { chunks: [] };
  stream
    .duplex()
    .on('error', ({ code }: MuxError) => (read.end = code))
    .read(1);
  return read;
}
