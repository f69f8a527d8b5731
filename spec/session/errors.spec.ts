import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, of } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { MuxError } from '../../src/errors.js';
import { bindError } from '../../src/net/bind-error.js';
import { parsePattern } from '../../src/serve/mux-pattern.js';
import type { Session } from '../../src/session/session.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { filesIn, read } from '../docs/pages.js';
import { hostile, tells } from './abuse/hostile.js';
import { arrivals, Clock, CODECS, ends, joined, turn } from './session-ends.js';

const hello = Buffer.from('hello');

/** Why a Conn, or a session, ended early. */
async function errorOf({ closed$ }: Session | Conn): Promise<MuxError | undefined> {
  return (await firstValueFrom(closed$ as Conn['closed$'])).error;
}

/** What `act` throws. */
function thrown(act: () => unknown): MuxError | undefined {
  try {
    act();
  } catch (error) {
    return MuxError.is(error) ? error : undefined;
  }
  return undefined;
}

/** What an Observable errors with. */
const failure = (observable: { subscribe(observer: { error(e: unknown): void }): unknown }): MuxError | undefined => {
  let told: MuxError | undefined;
  observable.subscribe({ error: (error) => (told = MuxError.is(error) ? error : undefined) });
  return told;
};

describe('what a session is ended for', () => {
  test('a rate that the peer went past, told with what it was and how much of it is allowed', async () => {
    const peer = hostile({ codec: yamux(), junkRate: { burst: 20, perSecond: 5 } });
    for (let n = 0; n < 21; n++) peer.send({ kind: 'ping', value: n });
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_CALM');
    expect(peer.error()?.message).toContain('pings');
    expect(tells(peer.error(), 20, 5)).toBe(true);
  });

  test('a frame of another version, told with both', async () => {
    const peer = hostile({ codec: smux() });
    peer.write(Buffer.from('0900000003000000', 'hex'));
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_FRAME');
    expect(tells(peer.error(), 9, 1)).toBe(true);
  });

  test('bytes past a window, told with the window', async () => {
    const peer = hostile({ codec: yamux() });
    arrivals(peer.victim);
    peer.send({ kind: 'open', id: 1 });
    peer.write(Buffer.from('000000000000000100040001', 'hex'));
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_FLOW_CONTROL');
    expect(tells(peer.error(), 262_145, 262_144)).toBe(true);
  });

  test('an opening frame out of order, told with both ids', async () => {
    const peer = hostile({ codec: muxado({ version: 1 }) });
    peer.send({ kind: 'open', id: 7 }, { kind: 'open', id: 5 });
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_STREAM_STATE');
    expect(tells(peer.error(), 5, 7)).toBe(true);
  });

  test('silence, told with how long it lasted and how long it may', async () => {
    const peer = hostile({ codec: yamux(), keepAlive: { intervalMs: 2000, timeoutMs: 5000 } });
    await peer.clock.pass(7000);
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_KEEPALIVE');
    expect(tells(peer.error(), 5000, 5000)).toBe(true);
  });

  test('half a frame, told with the limit', async () => {
    const peer = hostile({ codec: yamux(), frameTimeoutMs: 3000 });
    peer.write(Uint8Array.of(0));
    await peer.clock.pass(5000);
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_TIMEOUT');
    expect(tells(peer.error(), 3000)).toBe(true);
  });

  test('a connection that ends with streams open, told with how many', async () => {
    const peer = hostile({ codec: yamux() });
    arrivals(peer.victim);
    peer.send({ kind: 'open', id: 1 }, { kind: 'open', id: 3 });
    peer.conn.complete();
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_TRANSPORT');
    expect(tells(peer.error(), 2)).toBe(true);
  });

  test('a GoAway with a code, told with it', async () => {
    const peer = hostile({ codec: yamux() });
    arrivals(peer.victim);
    peer.send({ kind: 'open', id: 1 }, { kind: 'goAway', lastId: 0, code: 2, debug: new Uint8Array(0) });
    peer.conn.complete();
    expect((await errorOf(peer.victim))?.code).toBe('ERR_MUX_GOAWAY');
    expect([peer.error()?.wireCode, tells(peer.error(), 2)]).toEqual([2, true]);
  });

  test.each(CODECS)('error() of a session of %s, told with its reason as the cause', async (_name, codec) => {
    const { client } = ends(codec);
    const reason = new Error('changed my mind');
    client.error(reason);
    const error = await errorOf(client);
    expect(error?.code).toBe('ERR_MUX_ABORT');
    expect(error?.cause).toBe(reason);
  });
});

describe('what a stream fails with', () => {
  test('a limit on streams that wait to be opened, told with how many do', () => {
    const { client } = ends(yamux(), { maxOpenStreams: 1, maxWaitingOpens: 2 });
    const streams = Array.from({ length: 4 }, () => client.open());
    const error = streams.map(failure)[3];
    expect(error?.code).toBe('ERR_MUX_STREAM_LIMIT');
    expect(tells(error, 2)).toBe(true);
  });

  test('the last id, told as a number', () => {
    const codec = yamux();
    const { client } = ends({ ...codec, traits: { ...codec.traits, maxId: 3 } });
    const streams = Array.from({ length: 3 }, () => client.open());
    const error = streams.map(failure)[2];
    expect(error?.code).toBe('ERR_MUX_IDS_EXHAUSTED');
    expect(tells(error, 3)).toBe(true);
  });

  test('a refusal, which may be tried again', async () => {
    const { client } = ends(yamux(), { server: { maxStreams: 0 } });
    const stream = client.open();
    await turn();
    const error = failure(stream);
    expect(error?.code).toBe('ERR_MUX_REFUSED');
    expect([error?.retryable, error?.streamId]).toEqual([true, 1]);
  });

  test('a reset, told with its number', async () => {
    const pair = ends(muxado());
    const [near, far] = await joined(pair, hello);
    near.reset(42);
    await turn();
    const error = failure(far);
    expect(error?.code).toBe('ERR_MUX_RESET');
    expect([error?.wireCode, tells(error, 42, 3)]).toEqual([42, true]);
  });

  test('more than may wait to be sent, told with both figures', async () => {
    const { client } = ends(yamux(), { sendBufferBytes: 1000 }, { capacityBytes: 100 });
    const stream = client.open();
    const error = errorOf(stream);
    stream.next(new Uint8Array(300_000));
    expect((await error)?.code).toBe('ERR_MUX_OVERFLOW');
    expect(tells(await error, 300_000, 262_144 + 1000)).toBe(true);
  });

  test('a session that is closed', async () => {
    const { client } = ends(yamux());
    client.close();
    await turn();
    expect(failure(client.open())?.code).toBe('ERR_MUX_CLOSED');
    expect(failure(client.ping())?.code).toBe('ERR_MUX_CLOSED');
  });

  test('a GoAway of ours', async () => {
    const pair = ends(yamux());
    await joined(pair, hello);
    pair.client.goAway();
    expect(failure(pair.client.open())?.code).toBe('ERR_MUX_GOAWAY');
  });
});

describe('what the caller did wrong', () => {
  test('an option out of range, told with what it was and what it may be', () => {
    const error = thrown(() => ends(yamux(), { windowBytes: 1000 }));
    expect(error?.code).toBe('ERR_MUX_OPTION');
    expect(tells(error, 1000, 262_144)).toBe(true);
  });

  test('a stream type where there are none, a ping where nobody answers', () => {
    expect(thrown(() => ends(yamux()).client.open({ type: 1 }))?.code).toBe('ERR_MUX_USAGE');
    expect(failure(ends(smux()).client.ping())?.code).toBe('ERR_MUX_USAGE');
  });

  test('more pings than may wait, told with how many do', () => {
    const { client } = ends(yamux(), {}, { latencyMs: 1000 });
    const errors = Array.from({ length: 65 }, () => failure(client.ping()));
    expect(errors[64]?.code).toBe('ERR_MUX_STREAM_LIMIT');
    expect(tells(errors[64], 64)).toBe(true);
  });

  test('a second reader of accept$', () => {
    const { client } = ends(yamux());
    arrivals(client);
    expect(failure(client.accept$)?.code).toBe('ERR_MUX_SECOND_SUBSCRIBE');
  });

  test('a route that is none', () => {
    expect(thrown(() => parsePattern('GET a'))?.code).toBe('ERR_MUX_ROUTE');
  });
});

describe('what happens before there is a session', () => {
  test('a port that takes more than we may', () => {
    for (const code of ['EACCES', 'EPERM']) {
      const error = bindError(Object.assign(new Error('no'), { code }), { port: 80 });
      expect(error.code).toBe('ERR_MUX_PERMISSION');
      expect(tells(error, 80, 1024)).toBe(true);
    }
  });

  test('first bytes that do not come in time', async () => {
    const clock = new Clock();
    const [near, far] = memoryPipe();
    const rejected: Rejection[] = [];
    const options = { timeoutMs: 2000, scheduler: clock, rejected: { next: (r: Rejection) => rejected.push(r) } };
    const sniffing = of(far).pipe(sniff(yamux(), options)).subscribe();
    near.next(Uint8Array.of(0));
    await clock.pass(4000);
    expect(rejected[0]?.error.code).toBe('ERR_MUX_SNIFF_TIMEOUT');
    sniffing.unsubscribe();
  });
});

test('every code is named by an assertion of some spec', () => {
  const [, union = ''] = /type ErrorCode =([^;]+);/.exec(read('src/errors.ts')) ?? [];
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
  const asserted = filesIn('spec', '.ts')
    .flatMap((path) => read(path).split('\n'))
    .filter((line) => /expect|code:|toEqual/.test(line))
    .join('\n');
  expect(codes.length).toBeGreaterThan(0);
  expect(codes.filter((code) => !asserted.includes(`'${code}'`))).toEqual([]);
});
