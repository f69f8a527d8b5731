import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Duplex } from 'node:stream';
import { flowTo } from '../../src/flow/flow-to.js';
import { hostile } from './abuse/hostile.js';
import { log } from './raw-peer.js';
import { CODECS, ends, hello, turn, turnsUntil } from './session-ends.js';

const bug = (): never => {
  throw new Error('a bug');
};

/** Ways to have a listener called from within what a session sends. */
const WAYS: readonly (readonly [what: string, write: (duplex: Duplex, bytes: Uint8Array) => void])[] = [
  ["of 'drain'", (duplex, bytes) => void duplex.once('drain', bug).write(bytes)],
  ['of a write', (duplex, bytes) => void duplex.write(bytes, bug)],
];

describe.each(CODECS)('a listener that throws, on the Duplex of a stream of %s', (_name, codec) => {
  const uncaught: unknown[] = [];

  beforeEach(() => {
    uncaught.length = 0;
    // What is thrown from there is an uncaught exception of the process.
    jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((act) => {
      void Promise.resolve()
        .then(act)
        .catch((error: unknown) => uncaught.push(error));
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const theBug = expect.objectContaining({ message: 'a bug' });

  test.each(WAYS)('%s, ends that stream and no other, and is told once', async (_what, write) => {
    const { client, server } = ends(codec);
    server.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
    const other = client.open();
    const seen = log(other);
    other.next(hello);
    await turnsUntil(() => seen.join('') === 'hello');
    const stream = client.open();
    const codes: (string | undefined)[] = [];
    stream.closed$.subscribe(({ error }) => codes.push(error?.code));
    const duplex = stream.duplex();
    const errors: unknown[] = [];
    duplex.on('error', ({ message }) => errors.push(message)).resume();
    write(duplex, new Uint8Array(200_000));
    await turnsUntil(() => codes.length > 0 && uncaught.length > 0);
    other.next(Buffer.from(' again'));
    await turnsUntil(() => seen.join('') === 'hello again');
    expect([codes, errors, uncaught]).toEqual([['ERR_MUX_ABORT'], ['[ERR_MUX_ABORT] a bug'], [theBug]]);
    expect([client.streams, client._life.isOver]).toEqual([[other], false]);
  });

  test('of a write that waits as the connection is lost, keeps the end from nobody', async () => {
    const peer = hostile({ codec, role: 'client', reads: false });
    const duplex = peer.victim.open().duplex();
    const others = [log(peer.victim.open({ eager: true })), log(peer.victim.accept$)];
    duplex.on('error', () => undefined);
    duplex.write(new Uint8Array(600_000), bug);
    await turn();
    peer.conn.error(new Error('cable'));
    await turn();
    expect(others).toEqual([['ERR_MUX_TRANSPORT'], ['complete']]);
    expect([peer.error()?.code, uncaught, peer.victim.streams]).toEqual(['ERR_MUX_TRANSPORT', [theBug], []]);
  });
});
