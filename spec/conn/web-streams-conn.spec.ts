import { afterEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom, of } from 'rxjs';
import { NODE_STREAM_CONNS, STREAM_CONNS, type JoinedConns } from '../conformance/joined-conns.js';
import { EXITS, RESETS, WAYS } from '../conformance/ways-of-reading.js';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { session } from '../../src/session/session.js';
import { http1 } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';
import { log } from '../session/raw-peer.js';
import { CODECS, pattern, readAll, sha256, turn, turnsUntil, why } from '../session/session-ends.js';

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

async function joined(join: () => Promise<JoinedConns>): Promise<readonly [near: Conn, far: Conn]> {
  const { near, far, down } = await join();
  downs.push(down);
  return [near, far];
}

describe.each(STREAM_CONNS)('a Conn over %s', (_name, join) => {
  test.each(WAYS)('is read to its end by %s', async (_way, read) => {
    const [near, far] = await joined(join);
    near.next(pattern(300_000));
    near.complete();
    let taken = 0;
    await read(far, (bytes) => (taken += bytes));
    expect([taken, far.bytesRead, near.bytesWritten]).toEqual([300_000, 300_000, 300_000]);
  });

  test('gives every byte, in order, both ways at once, and is over in good order', async () => {
    const [near, far] = await joined(join);
    const body = pattern(700_000);
    far.pipe(flowTo(far)).subscribe();
    near.next(body);
    near.complete();
    expect(sha256(await readAll(near))).toBe(sha256(body));
    expect(await Promise.all([why(near), why(far)])).toEqual([undefined, undefined]);
    expect([near._hasEnded, near.bufferedBytes, near.needsDrain]).toEqual([true, 0, false]);
  });

  test('holds a writer back while the other end does not read, and forgets nothing', async () => {
    const [near, far] = await joined(join);
    let written = 0;
    while (!near.needsDrain && written < 200) {
      near.next(new Uint8Array(100_000));
      written++;
      if (written % 3 === 0) await turn();
    }
    expect(near.needsDrain).toBe(true);
    const drained = new Promise<void>((resolve) => near._drained(resolve));
    const all = readAll(far);
    await drained;
    near.complete();
    expect((await all).length).toBe(written * 100_000);
  });

  test('ends with ERR_MUX_OVERFLOW when next goes past the send buffer', async () => {
    const [near, far] = await joined(join);
    const ends = [log(near), log(far)];
    for (let n = 0; n < 20; n++) near.next(new Uint8Array(1 << 20));
    expect([await why(near), near.bufferedBytes]).toEqual(['ERR_MUX_OVERFLOW', 0]);
    expect(await why(far)).toBe('ERR_MUX_RESET');
    await turnsUntil(() => ends.every((end) => end.length > 0));
    expect(ends.map((end) => end.at(-1))).toEqual(['ERR_MUX_OVERFLOW', 'ERR_MUX_RESET']);
  });

  test.each(EXITS)('left by %s drops what comes, and is over when this end has ended, too', async (_exit, leave) => {
    const [near, far] = await joined(join);
    near.next(new Uint8Array(50_000));
    await leave(far);
    far.complete();
    near.complete();
    await Promise.all([why(near), why(far)]);
    expect([near.bufferedBytes, far.bufferedBytes]).toEqual([0, 0]);
  });

  test.each(RESETS)('reset by %s is a reset at the other end', async (_way, reset) => {
    const [near, far] = await joined(join);
    const seen = log(far);
    near.next(Buffer.from('hello'));
    await turnsUntil(() => seen.length > 0);
    reset(near);
    expect(await Promise.all([why(near), why(far)])).toEqual(['ERR_MUX_ABORT', 'ERR_MUX_RESET']);
    await turnsUntil(() => seen.length > 1);
    expect(seen).toEqual(['hello', 'ERR_MUX_RESET']);
  });

  test('can be sniffed, and its reader gets everything', async () => {
    const [near, far] = await joined(join);
    const request = `POST /upload HTTP/1.1\r\nHost: a\r\n\r\n${'x'.repeat(150_000)}`;
    near.next(Buffer.from(request.slice(0, 10)));
    const found = firstValueFrom(of(far).pipe(sniff(http1())));
    await turn();
    near.next(Buffer.from(request.slice(10)));
    near.complete();
    const conn = await found;
    expect([conn.protocol, Buffer.from(await readAll(conn)).toString() === request]).toEqual(['http1', true]);
  });
});

describe.each([...STREAM_CONNS, NODE_STREAM_CONNS])('a session over %s', (name, join) => {
  test.each(CODECS)('of %s carries streams and is closed in good order', async (_codec, codec) => {
    const [near, far] = await joined(join);
    const client = session(near, { codec, role: 'client' });
    const server = session(far, { codec, role: 'server' });
    server.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
    const bodies = Array.from({ length: 5 }, (_, n) => pattern(100_000 * n + 1));
    const echoes = bodies.map((body) => {
      const stream = client.open();
      stream.next(body);
      stream.complete();
      return readAll(stream);
    });
    expect((await Promise.all(echoes)).map(sha256)).toEqual(bodies.map(sha256));
    // smux ends by FIN, which Node's pair does not show.
    if (name === NODE_STREAM_CONNS[0] && codec.traits.goAway === 'none') return;
    client.close();
    expect(await Promise.all([why(client), why(server)])).toEqual([undefined, undefined]);
  });
});
