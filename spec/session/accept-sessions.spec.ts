import { describe, expect, test } from '@jest/globals';
import { lastValueFrom, Subject, toArray } from 'rxjs';
import { flowTo } from '../../src/flow/flow-to.js';
import type { Conn } from '../../src/conn/conn.js';
import { acceptSessions } from '../../src/session/accept-sessions.js';
import { session, type Session } from '../../src/session/session.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { log } from './raw-peer.js';
import { arrivals, hello, readAll, turnsUntil, why } from './session-ends.js';

const KNOWN = [muxado(), muxado({ version: 1 }), yamux(), smux(), smux({ version: 2 })];

describe('acceptSessions', () => {
  test('session case 24: runs each connection with the codec that its first bytes are of', async () => {
    const conns$ = new Subject<Conn>();
    const sessions: Session[] = [];
    conns$.pipe(sniff(...KNOWN), acceptSessions({ keepAlive: false })).subscribe((s) => {
      sessions.push(s);
      s.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
    });
    for (const codec of KNOWN) {
      const [near, far] = memoryPipe();
      conns$.next(far);
      const stream = session(near, { codec, role: 'client', keepAlive: false }).open();
      stream.next(hello);
      stream.complete();
      expect(Buffer.from(await readAll(stream)).toString()).toBe('hello');
      expect(sessions.at(-1)?._life.core.codec).toBe(codec);
      expect(sessions.at(-1)?.conn.protocol).toBe(codec.protocol);
    }
    expect(sessions).toHaveLength(KNOWN.length);
    conns$.complete();
  });

  test('takes a codec and limits for all, and is the server', async () => {
    const [near, far] = memoryPipe();
    const conns$ = new Subject<Conn>();
    const sessions = lastValueFrom(
      conns$.pipe(acceptSessions({ codec: yamux(), keepAlive: false, maxStreams: 0 }), toArray()),
    );
    conns$.next(far);
    conns$.complete();
    const [server] = await sessions;
    expect(server?._life.core.settings).toMatchObject({ role: 'server', maxStreams: 0 });
    const client = session(near, { codec: yamux(), role: 'client', keepAlive: false });
    expect(await why(client.open())).toBe('ERR_MUX_REFUSED');
  });

  test('errors for a connection that no codec matched', () => {
    const [, far] = memoryPipe();
    const conns$ = new Subject<Conn>();
    const seen = log(conns$.pipe(acceptSessions()));
    conns$.next(far);
    expect(seen).toEqual(['ERR_MUX_USAGE']);
  });

  test('leaves its sessions alone when nobody takes more, and one that breaks breaks no other', async () => {
    const conns$ = new Subject<Conn>();
    const sessions: Session[] = [];
    const taking = conns$.pipe(acceptSessions({ codec: yamux(), keepAlive: false })).subscribe((s) => sessions.push(s));
    const pipes = [memoryPipe(), memoryPipe()];
    for (const [, far] of pipes) conns$.next(far);
    taking.unsubscribe();
    const streams = sessions.map(arrivals);
    pipes[0]?.[0].error(new Error('gone'));
    const [second] = pipes.slice(1);
    if (second === undefined) throw new Error('there are two');
    const stream = session(second[0], { codec: yamux(), role: 'client', keepAlive: false }).open();
    stream.next(hello);
    await turnsUntil(() => streams[1]?.length === 1);
    expect(sessions.map(({ _life }) => _life.isOver)).toEqual([true, false]);
  });
});
