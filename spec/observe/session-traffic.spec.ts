import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { SessionTraffic } from '../../src/observe/session-traffic.js';
import { session, type Session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';

function pair(codec: Codec): readonly [client: Session, server: Session] {
  const [near, far] = memoryPipe();
  const options = { codec, keepAlive: false, scheduler: new VirtualTimeScheduler() } as const;
  return [session(near, { ...options, role: 'client' }), session(far, { ...options, role: 'server' })];
}

/** Until what was written has been flushed and has arrived. */
const settled = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await Promise.resolve();
};

describe('SessionTraffic', () => {
  it('tells what a session is, and has done', async () => {
    const traffic = new SessionTraffic();
    const [client, server] = pair(yamux());
    traffic.next(server);
    const stream = client.open();
    stream.next(new Uint8Array(1000));
    await settled();
    const [seen] = traffic.snapshot();
    expect(seen).toEqual({
      id: server.conn.id,
      protocol: 'yamux',
      role: 'server',
      remote: '192.0.2.2:50000',
      open: true,
      openStreams: 1,
      openedStreams: 1,
      bytesRead: 12 + 12 + 1000,
      bytesWritten: 12,
      heldBytes: 1000,
      receiveWindowBytes: 262_144,
      streams: [
        {
          id: 1,
          protocol: '',
          state: 'open',
          bufferedBytes: 0,
          unreadBytes: 1000,
          sendWindowBytes: 262_144,
          receiveWindowBytes: 262_144,
        },
      ],
    });
  });

  it('tells the credit that is left, what waits for more, and the type of a stream', async () => {
    const traffic = new SessionTraffic();
    const [client] = pair(muxado({ version: 1 }));
    traffic.next(client);
    client.open({ type: 7 }).next(new Uint8Array(70_000));
    await settled();
    expect(traffic.snapshot()[0]?.streams).toEqual([
      expect.objectContaining({ id: 3, type: 7, bufferedBytes: 70_000 - 65_536, sendWindowBytes: 0, state: 'open' }),
    ]);
  });

  it('tells no window and no round trip where the wire has none', async () => {
    const traffic = new SessionTraffic();
    const [client, server] = pair(smux());
    traffic.next(client);
    void client.open();
    await settled();
    const [seen] = traffic.snapshot();
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen);
    expect(seen).not.toHaveProperty('receiveWindowBytes');
    expect(seen).not.toHaveProperty('rttMs');
    expect(seen?.streams[0]).not.toHaveProperty('sendWindowBytes');
    server.close();
  });

  it('tells the round trip once it is known', async () => {
    const traffic = new SessionTraffic();
    const [client] = pair(yamux());
    traffic.next(client);
    client.ping().subscribe();
    await settled();
    expect(traffic.snapshot()[0]).toMatchObject({ rttMs: 0 });
  });

  it('names the states of a stream as RFC 9113 does', async () => {
    const traffic = new SessionTraffic();
    const [client, server] = pair(yamux());
    traffic.next(client);
    traffic.next(server);
    server.accept$.subscribe();
    const states = () => traffic.snapshot().map(({ streams }) => streams.map(({ state }) => state));
    const stream = client.open();
    expect(states()).toEqual([[], ['opening']]);
    await settled();
    expect(states()).toEqual([['open'], ['open']]);
    stream.complete();
    await settled();
    expect(states()).toEqual([['half-closed (remote)'], ['half-closed (local)']]);
  });

  it('lists the 20 oldest streams of a session, and counts all', async () => {
    const traffic = new SessionTraffic();
    const [client, server] = pair(yamux());
    traffic.next(server);
    for (let n = 0; n < 25; n++) void client.open();
    await settled();
    // Of a lower id than those, and younger.
    void server.open();
    const [seen] = traffic.snapshot();
    expect(seen).toMatchObject({ openStreams: 26, openedStreams: 26 });
    expect(seen?.streams.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, n) => 1 + 2 * n));
  });

  it('shows how a session ended', () => {
    const traffic = new SessionTraffic();
    const [orderly] = pair(yamux());
    const [lost] = pair(yamux());
    traffic.next(orderly);
    traffic.next(lost);
    orderly.close();
    orderly.conn.complete();
    lost.conn.error('gone');
    const [second, first] = traffic.snapshot();
    expect(second).toMatchObject({ open: false, error: 'ERR_MUX_TRANSPORT', streams: [] });
    expect(first).toMatchObject({ open: false });
    expect(first).not.toHaveProperty('error');
  });

  it('remembers the latest 50, and forgets those that are over first', () => {
    const traffic = new SessionTraffic();
    const made = Array.from({ length: 50 }, () => pair(yamux())[0]);
    for (const each of made) traffic.next(each);
    made[30]?.error('over');
    const [next] = pair(yamux());
    traffic.next(next);
    const ids = () => traffic.snapshot().map(({ id }) => id);
    expect(ids()).toHaveLength(50);
    expect(ids()[0]).toBe(next.conn.id);
    expect(ids()).not.toContain(made[30]?.conn.id);
    const [another] = pair(yamux());
    traffic.next(another);
    expect(ids()).toHaveLength(50);
    expect(ids()).not.toContain(made[0]?.conn.id);
    expect(ids()).toContain(made[1]?.conn.id);
  });

  it('takes no timer and no figures until it is asked', () => {
    const traffic = new SessionTraffic();
    const scheduler = new VirtualTimeScheduler();
    const [near] = memoryPipe();
    const watched = session(near, { codec: yamux(), role: 'client', keepAlive: false, scheduler });
    traffic.next(watched);
    expect(scheduler.actions).toEqual([]);
  });
});
