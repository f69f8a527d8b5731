import { describe, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { endWithPeer } from '../../src/conn/end-with-peer.js';
import { turn } from '../session/session-ends.js';

/** A stream whose peer has ended, what was written to it, and what is to happen in a later turn. */
async function ended(allowHalfOpen: boolean): Promise<{ stream: Duplex; written: string[]; later: (() => void)[] }> {
  const written: string[] = [];
  const later: (() => void)[] = [];
  const stream = new Duplex({
    allowHalfOpen,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  endWithPeer(stream, (act) => later.push(act));
  stream.push(null);
  stream.resume();
  await once(stream, 'end');
  await turn();
  return { stream, written, later };
}

describe('a stream that ends with its peer', () => {
  test('does so in a later turn than its end: a layer inside of it still writes', async () => {
    const { stream, written, later } = await ended(false);
    expect(stream.writableEnded).toBe(false);
    stream.write('last record');
    for (const act of later) act();
    expect([stream.writableEnded, stream.allowHalfOpen, written]).toEqual([true, false, ['last record']]);
  });

  test('has nothing left to end when it was destroyed before', async () => {
    const { stream, later } = await ended(false);
    const end = jest.spyOn(stream, 'end');
    stream.destroy();
    for (const act of later) act();
    expect([later.length, end.mock.calls]).toEqual([1, []]);
  });

  test('stays open with allowHalfOpen', async () => {
    const { stream, later } = await ended(true);
    expect([stream.writableEnded, stream.allowHalfOpen, later]).toEqual([false, true, []]);
  });
});
