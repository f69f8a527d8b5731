import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { firstValueFrom, NEVER } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import { session } from '../../src/session/session.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { CODECS } from './session-ends.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** What has been started by rxjs since, and runs: true for each that keeps the process alive. */
function watchTimers(): () => readonly boolean[] {
  const { results } = jest.spyOn(globalThis, 'setInterval').mock;
  const { calls } = jest.spyOn(globalThis, 'clearInterval').mock;
  return () => {
    const cleared = new Set<unknown>(calls.map(([timer]) => timer));
    return results.filter(({ value }) => !cleared.has(value)).map(({ value }) => (value as NodeJS.Timeout).hasRef());
  };
}

/** Ways to leave bytes unread that have arrived; undefined leaves the stream in `accept$`. */
const WAYS: Readonly<Record<string, ((stream: MuxStream) => unknown) | undefined>> = {
  'that wait in accept$': undefined,
  'whose reader has stopped': (stream) => stream.pipe(consume(() => NEVER)).subscribe({ error: () => undefined }),
  'whose Web Stream is not read': (stream) => stream.readable,
  'whose Duplex is not read': (stream) => stream.duplex().on('error', () => undefined),
  'whose Duplex is paused behind them': (stream) => {
    const duplex = stream.duplex().on('error', () => undefined);
    return duplex.once('data', () => duplex.pause());
  },
};

describe.each(CODECS)('streams of %s that outlive their session', (_name, codec) => {
  test.each(Object.keys(WAYS))('%s do not keep the process alive', async (name) => {
    const running = watchTimers();
    const [a, b] = memoryPipe();
    const [client, server] = [session(a, { codec, role: 'client' }), session(b, { codec, role: 'server' })];
    const stream = client.open();
    stream.subscribe({ error: () => undefined });
    stream.next(new Uint8Array(100));
    const leave = WAYS[name];
    if (leave !== undefined) leave(await firstValueFrom(server.accept$));
    await turn();
    client.close();
    await firstValueFrom(server.closed$);
    await turn();
    expect(running()).toEqual([false]);
  });
});
