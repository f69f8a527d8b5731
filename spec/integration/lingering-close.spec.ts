import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { firstValueFrom, Subject, type Subscription } from 'rxjs';
import { listenSessions } from '../../src/net/listen-sessions.js';
import type { Session } from '../../src/session/session.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import { CODECS } from '../session/session-ends.js';

const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0).reverse()) down();
});

/** A session's server, and a client that speaks TCP only and keeps what it reads. */
async function met(codec: (typeof CODECS)[number][1]): Promise<{ readonly client: Socket; readonly served: Session }> {
  const sessions$ = new Subject<Session>();
  const accepted = firstValueFrom(sessions$);
  const listener = listenSessions('tcp://127.0.0.1:0', { codec, keepAlive: false });
  const bound = firstValueFrom(listener.address$);
  const listening: Subscription = listener.subscribe(sessions$);
  downs.push(() => listening.unsubscribe());
  const address = await bound;
  const client = connect({ port: 'port' in address ? address.port : 0, host: '127.0.0.1', allowHalfOpen: true });
  downs.push(() => client.destroy());
  await once(client, 'connect');
  const served = await accepted;
  downs.push(() => served.conn._destroy(undefined, true));
  return { client, served };
}

describe.each(CODECS)('a session of %s that ends with an error', (_name, codec) => {
  const hasGoAway = codec.traits.goAway !== 'none';

  it('reads on behind its GoAway, so that no reset overtakes it, until the peer ends as well', async () => {
    const { client, served } = await met(codec);
    const kinds: string[] = [];
    const decoder = codec.decoder(new FrameTap(({ kind }) => kinds.push(kind)));
    client.on('data', (bytes) => decoder.push(bytes));
    const ended = once(client, 'end');
    served.error(new Error('enough'));
    // Written before the client has read anything, and still when it has read all.
    for (let n = 0; n < 20; n++) {
      await new Promise((resolve) => client.write(new Uint8Array(65_536), resolve));
      await setImmediate();
    }
    await ended;
    for (let n = 0; n < 20; n++) await new Promise((resolve) => client.write(new Uint8Array(65_536), resolve));
    expect(client.errored).toBeNull();
    expect(kinds.filter((kind) => kind === 'goAway')).toEqual(hasGoAway ? ['goAway'] : []);
    const closed = firstValueFrom(served.conn.closed$);
    client.end();
    expect((await closed).error).toBeUndefined();
    expect(served.conn.bytesRead).toBe(40 * 65_536);
  });
});
