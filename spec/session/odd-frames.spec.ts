import { describe, expect, test } from '@jest/globals';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { SessionLimits } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { bytesOf, ODD_FRAMES, streamsOf, type OddFrame } from '../vectors/odd-frames.js';
import { log, rawPeer, type RawPeer } from './raw-peer.js';

/** A session in the state that the page speaks of. */
interface Met {
  readonly peer: RawPeer;
  readonly streams: MuxStream[];
  /** What was read of each, by its place in `streams`. */
  readonly seen: string[][];
  /** Errors of the streams. */
  readonly failed: string[];
  /** How the session ended, if it has. */
  ended?: string;
}

async function meet(codec: Codec, limits: SessionLimits = {}): Promise<Met> {
  const peer = rawPeer({ codec, role: 'server', ...limits });
  const met: Met = { peer, streams: [], seen: [], failed: [] };
  peer.session.closed$.subscribe(({ error }) => (met.ended = error?.code ?? 'in order'));
  peer.session.accept$.subscribe((stream) => {
    met.streams.push(stream);
    met.seen.push(log(stream));
    stream.closed$.subscribe(({ error }) => {
      if (error !== undefined) met.failed.push(error.code);
    });
  });
  const { open, over, ended } = streamsOf(codec);
  for (const id of [open, over, ended]) peer.send({ kind: 'open', id });
  for (const id of [over, ended]) peer.send({ kind: 'end', id });
  met.streams[1]?.complete();
  await peer.settled();
  expect(peer.session.streams.map(({ streamId }) => streamId)).toEqual([open, ended]);
  return met;
}

/** In the words of the page. */
function outcome({ ended, failed, streams }: Met, answer: string): string {
  if (ended !== undefined) return `ends: \`${ended}\``;
  if (failed.length > 0) return `its stream ends: \`${failed.join()}\``;
  if (streams.length > 3) return 'takes it';
  return answer === '' ? 'goes on' : `answers \`${answer}\``;
}

describe.each(ODD_FRAMES)('docs/wire/odd-frames.md, %s', (_name, codec, rows) => {
  test.each(rows)('$name: $here', async ({ bytes, here }: OddFrame) => {
    const met = await meet(codec);
    const { peer, streams, seen } = met;
    const before = peer.sent().length;
    peer.sendBytes(bytes);
    await peer.settled();
    expect(outcome(met, peer.sent().slice(before))).toBe(here);
    if (met.ended !== undefined) return;
    // What is behind it is read as what it is: another stream, and bytes of the first where that is still open.
    const { open, next } = streamsOf(codec);
    const isOpen = streams[0]?.isOver === false;
    peer.sendBytes(bytesOf(codec, { kind: 'open', id: next }, { kind: 'data', id: next, bytes: Buffer.from('after') }));
    peer.sendBytes(bytesOf(codec, { kind: 'data', id: open, bytes: Buffer.from('still here') }));
    await peer.settled();
    expect([met.ended, streams.at(-1)?.streamId, seen.at(-1)]).toEqual([undefined, next, ['after']]);
    expect(seen[0]?.at(-1) === 'still here').toBe(isOpen);
  });

  test.each(rows.filter(({ here }) => here === 'goes on'))('$name, again and again: ends it', async ({ bytes }) => {
    const rate = { burst: 10, perSecond: 0 };
    const met = await meet(codec, { junkRate: rate, resetRate: rate });
    for (let n = 0; n < 11; n++) met.peer.sendBytes(bytes);
    expect(met.ended).toBe('ERR_MUX_CALM');
  });
});
