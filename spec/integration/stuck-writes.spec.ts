import { afterEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { session } from '../../src/session/session.js';
import { CONNS } from '../conformance/joined-conns.js';
import { CODECS, turn } from '../session/session-ends.js';

const BLOCK = new Uint8Array(100_000);
const WRITES = 200;

/** Writes a block, and calls back once: with an error, or without one when the bytes have left. */
type Write = (done: (error?: unknown) => void) => void;

// Of a connection it is Node's socket, or ends as the Duplex does; of a stream it has to say.
const DUPLEX = 'duplex().write';

const WAYS: readonly (readonly [name: string, begin: (conn: Conn) => Write])[] = [
  ['_write', (conn) => (done) => void conn._write(BLOCK, done)],
  [
    DUPLEX,
    (conn) => {
      const duplex = conn.duplex().on('error', () => undefined);
      return (done) => void duplex.write(BLOCK, done);
    },
  ],
  [
    'the promise of writable',
    (conn) => {
      const writer = conn.writable.getWriter();
      writer.closed.catch(() => undefined);
      return (done) => void writer.write(BLOCK).then(() => done(), done);
    },
  ],
];

const byError = (near: Conn): void => {
  near.error(new Error('had enough'));
};
const byReset = (_near: Conn, far: Conn): void => {
  far.error(new Error('had enough'));
};
const ENDS = [
  ['its own error', byError],
  ['a reset by its peer', byReset],
] as const;
const CASES = WAYS.flatMap(([way, begin]) => ENDS.map(([what, end]) => ({ way, begin, what, end })));

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

/** Writes more than `near` takes while its peer reads nothing, ends it, and counts the writes that were stuck and those that failed. */
async function stuckAndFailed(near: Conn, far: Conn, { begin, end }: (typeof CASES)[number]): Promise<number[]> {
  const write = begin(near);
  const results: unknown[] = [];
  const written = Array.from(
    { length: WRITES },
    () =>
      new Promise<void>((resolve) => {
        write((error) => {
          results.push(error);
          resolve();
        });
      }),
  );
  let left = -1;
  while (left !== results.length) {
    left = results.length;
    for (let n = 0; n < 20; n++) await turn();
  }
  end(near, far);
  await Promise.all(written);
  const failed = results.slice(left).filter((error) => error !== undefined && error !== null);
  return [WRITES - left, failed.length];
}

describe.each(CONNS)('a write that is stuck, over %s', (name, join) => {
  // `ws` confirms the write that it was at before it says that the connection was reset.
  const cases = CASES.filter(({ way, end }) => way !== DUPLEX && !(name === 'a WebSocket' && end === byReset));

  test.each(cases)('of the connection, by $way, learns of $what', async (each) => {
    const { near, far, down } = await join();
    downs.push(down);
    const [stuck, failed] = await stuckAndFailed(near, far, each);
    expect(failed).toBe(stuck);
    expect(stuck).toBeGreaterThan(0);
  });

  // smux has no reset: its end says nothing of the other direction.
  const streams = CODECS.filter(([, { traits }]) => traits.reset !== 'none');
  test.each(streams.flatMap(([codecName, codec]) => CASES.map((each) => ({ ...each, codecName, codec }))))(
    'of a stream of $codecName, by $way, learns of $what',
    async ({ codec, ...each }) => {
      const joined = await join();
      downs.push(joined.down);
      const client = session(joined.near, { codec, role: 'client', keepAlive: false });
      const server = session(joined.far, { codec, role: 'server', keepAlive: false });
      const accepted = firstValueFrom(server.accept$);
      const stream = client.open({ eager: true });
      const [stuck, failed] = await stuckAndFailed(stream, await accepted, each);
      expect(failed).toBe(stuck);
      expect(stuck).toBeGreaterThan(0);
    },
  );
});
