import { describe, expect, test } from '@jest/globals';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import type { MuxError } from '../../src/errors.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { hostile } from '../session/abuse/hostile.js';
import { log } from '../session/raw-peer.js';
import { arrivals, CODECS, turn } from '../session/session-ends.js';

const CHUNK = new Uint8Array(16_000);
const CHUNKS = 10;

/** A destination that takes 1000 bytes, and what became of it; its other end reads once it is told to. */
function full() {
  const [to, far] = memoryPipe({ capacityBytes: 1000 });
  const closed: (string | undefined)[] = [];
  to.closed$.subscribe(({ error }) => closed.push(error?.code));
  return { to, far, closed };
}

/** Lets a source flow there, and writes down how that ended. */
function flow(source: Conn, to: Conn): string[] {
  return log(source.pipe(flowTo(to)));
}

describe('a flow whose destination is full', () => {
  test('hears of the reset of its source at once, resets the destination with it, and is over', () => {
    const [client, source] = memoryPipe({ capacityBytes: 1 << 20 });
    const { to, far, closed } = full();
    const seen = flow(source, to);
    for (let n = 0; n < CHUNKS; n++) client.next(CHUNK);
    expect([seen, closed, to.needsDrain]).toEqual([[], [], true]);
    client.error('the client is gone');
    expect([seen, closed, to.bufferedBytes]).toEqual([['complete'], ['ERR_MUX_RESET'], 0]);
    expect(log(far).at(-1)).toBe('ERR_MUX_RESET');
  });

  test('hears of it also when the source was reset before it began', () => {
    const [client, source] = memoryPipe();
    const { to, closed } = full();
    to.next(CHUNK);
    client.error('the client is gone');
    expect(flow(source, to)).toEqual(['complete']);
    expect(closed).toEqual(['ERR_MUX_RESET']);
  });

  test('loses nothing of a source that ended in order, and half-closes behind the last byte', () => {
    const [client, source] = memoryPipe({ capacityBytes: 1 << 20 });
    const { to, far, closed } = full();
    const seen = flow(source, to);
    for (let n = 0; n < CHUNKS; n++) client.next(CHUNK);
    client.complete();
    source.complete();
    expect([seen, closed]).toEqual([[], []]);
    let bytes = 0;
    const ends: string[] = [];
    far.subscribe({ next: (chunk) => (bytes += chunk.length), complete: () => ends.push('complete') });
    expect([bytes, ends, seen]).toEqual([CHUNKS * CHUNK.length, ['complete'], ['complete']]);
  });

  test('that was given up leaves the destination open, whatever becomes of the source', () => {
    const [client, source] = memoryPipe({ capacityBytes: 1 << 20 });
    const { to, closed } = full();
    const flowing = source.pipe(flowTo(to)).subscribe();
    for (let n = 0; n < CHUNKS; n++) client.next(CHUNK);
    flowing.unsubscribe();
    client.error('the client is gone');
    expect(closed).toEqual([]);
  });
});

describe.each(CODECS)('a flow from a stream of %s to a destination that is full', (_name, codec) => {
  const id = codec.traits.firstId.client;

  function flowing() {
    const peer = hostile({ codec });
    const streams = arrivals(peer.victim);
    peer.send({ kind: 'open', id });
    if (codec.traits.streamType === 'prefix') peer.send({ kind: 'data', id, bytes: new Uint8Array(4) });
    const [source] = streams;
    if (source === undefined) throw new Error('no stream was accepted');
    const { to, far, closed } = full();
    const seen = flow(source, to);
    for (let n = 0; n < 4; n++) peer.send({ kind: 'data', id, bytes: CHUNK });
    expect([seen, closed, to.needsDrain]).toEqual([[], [], true]);
    return { peer, to, far, closed, seen };
  }

  if (codec.traits.reset !== 'none')
    test('is over when the peer resets the stream, and so is the destination', () => {
      const { peer, to, closed, seen } = flowing();
      peer.send({ kind: 'reset', id, code: 0 });
      expect([seen, closed, to.bufferedBytes]).toEqual([['complete'], ['ERR_MUX_RESET'], 0]);
      // What was held for the flow is held no more.
      expect(peer.stats().heldBytes).toBe(0);
    });

  test('brings what had come when the session is lost, and then resets the destination', async () => {
    const { peer, to, far, closed, seen } = flowing();
    peer.conn.error('cable');
    await turn();
    expect([seen, closed]).toEqual([[], []]);
    let bytes = 0;
    const ends: string[] = [];
    far.subscribe({ next: (chunk) => (bytes += chunk.length), error: ({ code }: MuxError) => ends.push(code) });
    expect([bytes, ends]).toEqual([4 * CHUNK.length, ['ERR_MUX_RESET']]);
    expect([seen, closed, to.bufferedBytes]).toEqual([['complete'], ['ERR_MUX_TRANSPORT'], 0]);
    expect(peer.stats().heldBytes).toBe(0);
  });

  test('gives up a session that is lost after stallTimeoutMs in which the destination takes nothing', async () => {
    const { peer, closed, seen } = flowing();
    peer.conn.error('cable');
    await peer.clock.pass(29_999);
    expect([seen, closed]).toEqual([[], []]);
    await peer.clock.pass(1);
    expect([seen, closed]).toEqual([['complete'], ['ERR_MUX_TRANSPORT']]);
    expect([peer.stats().heldBytes, peer.clock.timers]).toEqual([0, 0]);
  });
});
