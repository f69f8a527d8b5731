import { describe, expect, test } from '@jest/globals';
import { MuxError } from '../../src/errors.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Session } from '../../src/session/session.js';
import type { Frame } from '../../src/wire/frame.js';
import { bytesOf } from './abuse/hostile.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, hello, why } from './session-ends.js';

const mine = (): MuxError => new MuxError('ERR_MUX_CALM', 'enough', { scope: 'session', initiator: 'local' });

describe.each(CODECS)('a session of %s that is ended from within', (_name, codec) => {
  const id = codec.traits.firstId.client;

  /** What it told once all was said, and what it tells those who come later. */
  async function told(session: Session): Promise<(string | undefined)[]> {
    return [await why(session), await why(session.open()), log(session.ping()).at(-1)];
  }
  const MINE = ['ERR_MUX_CALM', 'ERR_MUX_CALM', 'ERR_MUX_CALM'];

  test('drained$ keeps the error that it was ended with, and leaves no timer', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock });
    const ended: unknown[] = [];
    peer.session.closed$.subscribe(({ error }) => ended.push(error?.code));
    peer.session.drained$.subscribe(() => peer.session.error(mine()));
    peer.session.goAway();
    await peer.settled();
    expect([ended, await told(peer.session)]).toEqual([['ERR_MUX_CALM'], MINE]);
    await clock.pass(1);
    // The connection itself is given its time to be closed by the peer, as after any error.
    await clock.pass(6000);
    expect(clock.timers).toBe(0);
  });

  test('the error of a stream that close cuts off keeps the error that it was ended with', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock });
    const streams = [peer.session.open({ eager: true }), peer.session.open({ eager: true })];
    const codes: string[] = [];
    for (const stream of streams)
      stream.subscribe({
        error: ({ code }: MuxError) => {
          codes.push(code);
          peer.session.error(mine());
        },
      });
    await peer.settled();
    peer.session.close();
    await peer.settled();
    expect(codes).toHaveLength(2);
    expect(codes[0]).toBe('ERR_MUX_CLOSED');
    expect(await told(peer.session)).toEqual(MINE);
    peer.end();
    await clock.pass(6000);
    expect([clock.timers, peer.session.streams]).toEqual([0, []]);
  });

  /** Frames of one chunk, and the one at which a tap ends it. */
  const prefix: readonly Frame[] =
    codec.traits.streamType === 'prefix' ? [{ kind: 'data', id, bytes: new Uint8Array(4) }] : [];
  const flights: readonly (readonly [kind: Frame['kind'], before: readonly Frame[], rest: readonly Frame[]])[] = [
    ['open', [], [{ kind: 'open', id }, ...prefix, { kind: 'data', id, bytes: hello }]],
    [
      'data',
      [{ kind: 'open', id }, ...prefix],
      [
        { kind: 'data', id, bytes: hello },
        { kind: 'end', id },
      ],
    ],
    [
      'end',
      [{ kind: 'open', id }, ...prefix],
      [
        { kind: 'end', id },
        { kind: 'open', id: id + 2 },
      ],
    ],
    [
      'ping',
      [],
      [
        { kind: 'ping', value: 0 },
        { kind: 'open', id },
      ],
    ],
  ];
  const TAPS: readonly (readonly [how: string, end: (session: Session) => void])[] = [
    ['', (session) => session.error(mine())],
    [
      ', having added another',
      (session) => {
        log(session);
        session.error(mine());
      },
    ],
  ];
  // Only yamux and smux have a frame for it.
  const known = flights.filter(([kind]) => kind !== 'ping' || bytesOf(codec, { kind: 'ping', value: 0 }).length > 0);

  test.each(known.flatMap(([kind, ...flight]) => TAPS.map(([how, end]) => [kind, how, end, ...flight] as const)))(
    'a tap, at %s%s, does nothing more: no stream, no byte, no answer',
    async (kind, _how, end, before, rest) => {
      const budget = receiveBudget({ maxBytes: 1 << 20 });
      const peer = rawPeer({ codec, role: 'server', scheduler: new Clock(), budget });
      const streams = arrivals(peer.session);
      peer.send(...before);
      const accepted = streams.length;
      const seen = streams.map((stream) => log(stream));
      const kinds: string[] = [];
      peer.session.subscribe({
        next: (frame) => {
          kinds.push(frame.kind);
          if (frame.kind === kind) end(peer.session);
        },
        complete: () => kinds.push('complete'),
      });
      await peer.settled();
      const frames = peer.frames.length;
      peer.sendHex(Buffer.from(bytesOf(codec, ...rest)).toString('hex'));
      await peer.settled();
      expect(kinds).toEqual([kind, 'complete']);
      expect([peer.session.streams.length, streams.length, budget.usedBytes]).toEqual([0, accepted, 0]);
      expect(seen).toEqual(seen.map(() => ['ERR_MUX_CALM']));
      // The GoAway of muxado 2 is followed by its padding, for a stream that never was.
      const answers = peer.frames.slice(frames).filter((frame) => !('id' in frame) || frame.id <= id + 2);
      expect(answers.filter(({ kind: sent }) => sent !== 'goAway')).toEqual([]);
      expect(await told(peer.session)).toEqual(MINE);
    },
  );
});
