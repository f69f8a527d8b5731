import { describe, expect, jest, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { log, rawPeer } from './raw-peer.js';
import { Clock, CODECS, turn } from './session-ends.js';

describe.each(CODECS)('the end of a session of %s', (_name, codec) => {
  test('by a peer that is dead resets the connection, which says why', async () => {
    const clock = new Clock();
    const keepAlive = { intervalMs: 1000, timeoutMs: 3000 };
    const { session: s } = rawPeer({ codec, role: 'client', scheduler: clock, keepAlive });
    const destroy = jest.spyOn(s._life.core.conn, '_destroy');
    await clock.pass(3000);
    const error = expect.objectContaining({ code: 'ERR_MUX_KEEPALIVE' });
    expect(destroy.mock.calls).toEqual([[error, true]]);
    expect(await firstValueFrom(s._life.core.conn.closed$)).toMatchObject({ error: { code: 'ERR_MUX_KEEPALIVE' } });
  });

  test('is that of the first close, whatever later ones allow', async () => {
    const clock = new Clock();
    // A transport that takes nothing.
    const [conn] = memoryPipe({ capacityBytes: 1000, chunkBytes: 500 });
    const s = session(conn, { codec, role: 'client', keepAlive: false, scheduler: clock });
    const stream = s.open();
    log(stream);
    stream.next(new Uint8Array(50_000));
    await clock.pass(1);
    s.close({ timeoutMs: 4000 });
    await clock.pass(1);
    const { timers } = clock;
    s.close({ timeoutMs: 1000 });
    s.close({ timeoutMs: 60_000 });
    expect(clock.timers).toBe(timers);
    await clock.pass(3990);
    expect(s._life.isOver).toBe(false);
    const destroy = jest.spyOn(conn, '_destroy');
    await clock.pass(3000);
    expect((await firstValueFrom(s.closed$)).error).toMatchObject({ code: 'ERR_MUX_TIMEOUT', scope: 'session' });
    expect(destroy.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_MUX_TIMEOUT' }), true]]);
    expect(clock.timers).toBe(0);
  });

  test('by close is in order, though the connection is reset while the end of the peer is awaited', async () => {
    const [far, near] = memoryPipe();
    far.subscribe({ error: () => undefined });
    const s = session(near, { codec, role: 'client', keepAlive: false, scheduler: new Clock() });
    const closed = firstValueFrom(s.closed$);
    s.close();
    await turn();
    far.error(new Error('no more'));
    expect(await closed).toEqual({ initiator: 'local' });
  });

  test('is the act of the peer that ends the connection, though goAway was ours', async () => {
    const peer = rawPeer({ codec, role: 'client' });
    const s = peer.session;
    log(s.open({ eager: true }));
    await peer.settled();
    const closed = firstValueFrom(s.closed$);
    s.goAway();
    peer.end();
    expect(await closed).toMatchObject({ error: { code: 'ERR_MUX_TRANSPORT' }, initiator: 'remote' });
  });
});
