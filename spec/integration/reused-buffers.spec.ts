import { afterEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { session } from '../../src/session/session.js';
import { CONNS } from '../conformance/joined-conns.js';
import { REUSING_WAYS, type WriteBlock } from '../conformance/ways-of-writing.js';
import { CODECS, turn } from '../session/session-ends.js';

// On either side of what is copied into a frame's slab, of what is copied at all, and of a frame.
const SIZES = [1, 1000, 1025, 16_383, 16_384, 65_536, 100_000];
const BLOCKS = 40;

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

async function joined(join: (typeof CONNS)[number][1]): Promise<readonly [Conn, Conn]> {
  const { near, far, down } = await join();
  downs.push(down);
  return [near, far];
}

/** Writes blocks of every size out of one buffer, each filled with its number. */
async function writeAll(write: WriteBlock): Promise<void> {
  const buffer = new Uint8Array(Math.max(...SIZES));
  for (let n = 0; n < BLOCKS; n++) {
    const block = buffer.subarray(0, SIZES[n % SIZES.length]);
    block.fill(n);
    await write(block);
    buffer.fill(255);
  }
}

/** Reads them, at first with pauses so that all that can be full is, and says which blocks are not as they were written. */
async function wrongBlocks(far: Conn): Promise<number[]> {
  const wrong = new Set<number>();
  let [n, left] = [0, SIZES[0] ?? 0];
  for await (const chunk of far) {
    if (n < 10) for (let pause = 0; pause < 5; pause++) await turn();
    for (const byte of chunk) {
      if (byte !== n) wrong.add(n);
      if (--left === 0) left = SIZES[++n % SIZES.length] ?? 0;
      if (n === BLOCKS) return [...wrong];
    }
  }
  throw new Error(`the end came in block ${n}`);
}

describe.each(CONNS)('a buffer that is used again, over %s', (name, join) => {
  // The duplex() of a socket is the socket, and of a TLS socket Node does not promise more.
  const ways = REUSING_WAYS.filter(([way]) => name !== 'TLS' || !/drain|toWeb/.test(way));

  test.each(ways)('written to the connection itself: %s', async (_way, begin) => {
    const [near, far] = await joined(join);
    const [wrong] = await Promise.all([wrongBlocks(far), writeAll(begin(near))]);
    expect(wrong).toEqual([]);
  });

  test.each(
    CODECS.flatMap(([codecName, codec]) => REUSING_WAYS.map(([way, begin]) => ({ codecName, codec, way, begin }))),
  )('written to a stream of $codecName: $way', async ({ codec, begin }) => {
    const [near, far] = await joined(join);
    const client = session(near, { codec, role: 'client', keepAlive: false });
    const server = session(far, { codec, role: 'server', keepAlive: false });
    const accepted = firstValueFrom(server.accept$);
    const writing = writeAll(begin(client.open()));
    const [wrong] = await Promise.all([wrongBlocks(await accepted), writing]);
    expect([name, wrong]).toEqual([name, []]);
  });
});
