import { describe, expect, jest, test } from '@jest/globals';
import { NEVER } from 'rxjs';
import { fromStreams, type FromStreamsOptions, type WebStreams } from '../../src/conn/web-streams-conn.js';
import type { Conn } from '../../src/conn/conn.js';
import { consume } from '../../src/flow/consume.js';
import { byteLane } from '../conformance/web-stream-pairs.js';
import { log } from '../session/raw-peer.js';
import { Clock, turn, turnsUntil, why } from '../session/session-ends.js';

interface Played {
  readonly conn: Conn;
  readonly inbound: ReadableStreamDefaultController<unknown>;
  readonly outbound: WritableStreamDefaultController;
  readonly pulls: () => number;
  readonly written: Uint8Array[];
  /** Lets the writable take what it was given. */
  readonly take: () => void;
  readonly aborted: jest.Mock;
  readonly cancelled: jest.Mock;
}

/** A Conn whose streams are played by hand: nothing is read ahead, and each write waits for `take`. */
function played(options: FromStreamsOptions = {}): Played {
  let inbound!: ReadableStreamDefaultController<unknown>;
  let outbound!: WritableStreamDefaultController;
  let pulls = 0;
  let take = (): void => undefined;
  const [written, aborted, cancelled] = [[] as Uint8Array[], jest.fn(), jest.fn()];
  const readable = new ReadableStream<unknown>(
    {
      start: (controller) => void (inbound = controller),
      pull: () => {
        pulls++;
      },
      cancel: cancelled as (reason: unknown) => void,
    },
    { highWaterMark: 0 },
  ) as WebStreams['readable'];
  const writable = new WritableStream<Uint8Array>({
    start: (controller) => void (outbound = controller),
    write: (chunk) => {
      written.push(chunk);
      return new Promise((resolve) => (take = resolve));
    },
    abort: aborted as (reason: unknown) => void,
  });
  const conn = fromStreams({ readable, writable }, options);
  return { conn, inbound, outbound, pulls: () => pulls, written, take: () => take(), aborted, cancelled };
}

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

describe('what a Conn over Web Streams reads', () => {
  test('is any view of bytes, and any ArrayBuffer', async () => {
    const { conn, inbound } = played();
    const seen = log(conn);
    const { buffer } = text('-abc-') as Uint8Array<ArrayBuffer>;
    const chunks = [
      text('a'),
      Buffer.from('b'),
      new DataView(buffer, 1, 3),
      new Uint16Array(buffer.slice(1, 3)),
      buffer,
    ];
    for (const chunk of [new Uint8Array(0), ...chunks]) inbound.enqueue(chunk);
    inbound.close();
    await turn();
    expect([seen, conn.bytesRead]).toEqual([['a', 'b', 'abc', 'ab', '-abc-', 'complete'], 12]);
  });

  test.each([['a text'], [undefined], [null], [5], [{ length: 3 }], [[1, 2]]])(
    'ends with ERR_MUX_USAGE at %p, behind what came before it',
    async (chunk) => {
      const { conn, inbound, aborted, cancelled } = played();
      const seen = log(conn);
      inbound.enqueue(text('a'));
      inbound.enqueue(chunk);
      inbound.enqueue(text('b'));
      expect(await why(conn)).toBe('ERR_MUX_USAGE');
      await turn();
      expect([seen, aborted.mock.calls.length, cancelled.mock.calls.length]).toEqual([['a', 'ERR_MUX_USAGE'], 1, 1]);
    },
  );

  test('is asked for by one read at a time, and only for a reader that wants it', async () => {
    const { conn, inbound, pulls } = played();
    await turn();
    expect(pulls()).toBe(0);
    const chunks = conn[Symbol.asyncIterator]();
    const first = chunks.next();
    await turn();
    expect(pulls()).toBe(1);
    inbound.enqueue(text('a'));
    expect(await first).toEqual({ done: false, value: text('a') });
    await turn();
    expect(pulls()).toBe(1);
    void chunks.next();
    await turn();
    expect(pulls()).toBe(2);
    await chunks.return?.();
    conn.error('done');
  });

  test('is worked on by consume as often at once as it may', async () => {
    const { conn, inbound } = played();
    const begun: number[] = [];
    const work = (chunk: Uint8Array): typeof NEVER => {
      begun.push(chunk.length);
      return NEVER;
    };
    conn.pipe(consume(work, { concurrency: 3 })).subscribe({ error: () => undefined });
    for (let n = 1; n < 6; n++) inbound.enqueue(new Uint8Array(n));
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    conn.error('done');
  });

  test('leaves the program its turns, however much there is at once', async () => {
    let isOver = false;
    const readable = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(text('more')) });
    const conn = fromStreams({ readable, writable: new WritableStream() });
    const ended = why(conn);
    conn.subscribe({ error: () => (isOver = true) });
    await turnsUntil(() => conn.bytesRead > 2000);
    conn.error('enough');
    expect([isOver, await ended]).toEqual([true, 'ERR_MUX_ABORT']);
  });
});

describe('what a Conn over Web Streams writes', () => {
  test('is a copy in chunks of at most 64 KiB, and what waits is gathered', async () => {
    const { conn, written, take } = played();
    await turn();
    const slab = new Uint8Array(200_000);
    const done = jest.fn();
    expect(conn._writeAll([slab.subarray(0, 10), slab.subarray(10, 20)], done)).toBe(true);
    conn.next(slab.subarray(20));
    expect([written.length, conn.bufferedBytes]).toEqual([1, 200_000]);
    for (const calls of [0, 1, 1, 1]) {
      await turn();
      expect(done).toHaveBeenCalledTimes(calls);
      take();
    }
    await turn();
    expect(written.map(({ length }) => length)).toEqual([20, 65_536, 65_536, 65_536, 3372]);
    expect(written.some(({ buffer }) => buffer === slab.buffer)).toBe(false);
    take();
    await turn();
    expect(conn.bufferedBytes).toBe(0);
    conn.error('done');
  });

  test('does not lose memory to a stream that detaches it', async () => {
    const { readable, writable } = byteLane();
    const conn = fromStreams({ readable, writable });
    const slab = text('hello world');
    conn.next(slab.subarray(0, 5));
    conn.next(slab.subarray(5));
    conn.complete();
    const seen = log(conn);
    await why(conn);
    expect([seen.join(''), slab.length]).toEqual(['hello worldcomplete', 11]);
  });

  test.each([0, 1000])('goes out one after the other with a highWaterMark of %p', async (highWaterMark) => {
    const got: number[] = [];
    const writable = new WritableStream<Uint8Array>(
      { write: (chunk) => void got.push(chunk.length) },
      { highWaterMark },
    );
    const conn = fromStreams({ readable: new ReadableStream(), writable });
    for (let n = 1; n < 4; n++) conn.next(new Uint8Array(n * 50_000));
    await turn();
    expect([got.reduce((sum, length) => sum + length), conn.bufferedBytes]).toEqual([300_000, 0]);
    conn.error('done');
  });

  test('is answered once, though it never leaves', async () => {
    const { conn } = played();
    const [done, drained] = [jest.fn(), jest.fn()];
    conn._write(new Uint8Array(300_000), done);
    conn._drained(drained);
    conn.error('enough');
    await turn();
    conn._write(new Uint8Array(1), done);
    expect([done.mock.calls.length, drained.mock.calls.length, conn.bufferedBytes]).toEqual([2, 1, 0]);
  });
});

describe('how a Conn over Web Streams ends', () => {
  test('a peer that reads no more: what it sent is read first, then its end', async () => {
    const { conn, inbound, outbound } = played({ scheduler: new Clock() });
    inbound.enqueue(text('answer'));
    outbound.error(new Error('enough'));
    await turn();
    const seen = log(conn);
    inbound.close();
    expect(await why(conn)).toBe('ERR_MUX_RESET');
    await turn();
    expect(seen).toEqual(['answer', 'complete']);
  });

  test('a writable that fails while the readable stays silent is a reset a second later', async () => {
    const clock = new Clock();
    const { conn, inbound, outbound, cancelled } = played({ scheduler: clock });
    const seen = log(conn);
    outbound.error(new Error('enough'));
    await clock.pass(900);
    inbound.enqueue(text('late'));
    await clock.pass(900);
    expect(seen).toEqual(['late']);
    await clock.pass(100);
    expect([seen, cancelled.mock.calls.length, clock.timers]).toEqual([['late', 'ERR_MUX_RESET'], 1, 0]);
  });

  test('a readable that fails is a reset, told to a reader that is paused, with reason and code', async () => {
    const { conn, inbound, aborted } = played();
    const reason = Object.assign(new Error('gone'), { streamErrorCode: 7 });
    inbound.error(reason);
    const closed = await new Promise((resolve) => conn.closed$.subscribe(resolve));
    expect(closed).toMatchObject({
      error: {
        code: 'ERR_MUX_RESET',
        initiator: 'remote',
        wireCode: 7,
        cause: reason,
        message: expect.stringContaining('gone'),
      },
    });
    expect(aborted).toHaveBeenCalledTimes(1);
  });

  test('our reset gives both streams the error as reason', async () => {
    const { conn, aborted, cancelled } = played();
    conn.error(new Error('enough'));
    await turn();
    const reason = expect.objectContaining({ code: 'ERR_MUX_ABORT' });
    expect([aborted.mock.calls, cancelled.mock.calls]).toEqual([[[reason]], [[reason]]]);
  });
});

describe('fromStreams', () => {
  const pair = (): WebStreams => new TransformStream<Uint8Array, Uint8Array>();
  const locked = (which: 'readable' | 'writable'): WebStreams => {
    const streams = pair();
    if (which === 'readable') streams.readable.getReader();
    else streams.writable.getWriter();
    return streams;
  };

  test.each([
    ['undefined', () => undefined, {}],
    ['null', () => null, {}],
    ['a readable alone', () => pair().readable, {}],
    ['a pair the wrong way round', () => ({ readable: pair().writable, writable: pair().readable }), {}],
    ['a locked readable', () => locked('readable'), {}],
    ['a locked writable', () => locked('writable'), {}],
    ['a send buffer below 0', pair, { sendBufferBytes: -1 }],
  ])('refuses %s, and locks nothing', (_what, streams, options) => {
    const given = streams() as WebStreams | undefined | null;
    expect(() => fromStreams(given as WebStreams, options)).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION', name: 'UsageError' }),
    );
  });

  test('tells no addresses, and of encryption what it is told', () => {
    const conn = fromStreams(pair());
    expect([conn.remoteAddress, conn.remotePort, conn.localAddress, conn.localPort, conn.encrypted]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      false,
    ]);
    expect(fromStreams(pair(), { encrypted: true }).encrypted).toBe(true);
  });
});
