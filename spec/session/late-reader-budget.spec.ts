import { describe, expect, test } from '@jest/globals';
import { EMPTY, NEVER, take } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Frame } from '../../src/wire/frame.js';
import { collectGarbage, hostile } from './abuse/hostile.js';
import { CODECS, turn, turnsUntil } from './session-ends.js';

const STREAMS = 50;
// The stack and the decoder may keep the last few.
const KEPT = 5;
const BYTES = 1000;

/** The ways to read two chunks of a stream that is over, and the bytes of it that stay unread. */
const READS: readonly (readonly [name: string, unreadBytes: number, read: (stream: MuxStream) => void])[] = [
  ['all of it', 0, (stream) => void stream.subscribe()],
  ['half of it', BYTES, (stream) => void stream.pipe(consume((_, n) => (n === 0 ? EMPTY : NEVER))).subscribe()],
  ['one chunk by a reader that leaves', 0, (stream) => void stream.pipe(take(1)).subscribe()],
];

describe.each(CODECS)('what is read of streams of %s after their end', (_name, codec) => {
  test.each(READS)('%s, is given back once, whenever the streams are collected', async (_reads, unreadBytes, read) => {
    const budget = receiveBudget({ maxBytes: 1 << 20 });
    const peer = hostile({ codec, budget });
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    const streams: MuxStream[] = [];
    peer.victim.accept$.subscribe((stream) => {
      registry.register(stream, undefined);
      streams.push(stream);
      stream.complete();
    });
    const chunk = { kind: 'data', bytes: new Uint8Array(BYTES) } as const;
    const type: readonly Frame[] =
      codec.traits.streamType === 'prefix' ? [{ kind: 'data', id: 0, bytes: new Uint8Array(4) }] : [];
    for (let n = 0; n < STREAMS; n++) {
      const id = codec.traits.firstId.client + 2 * n;
      const frames: readonly Frame[] = [
        { kind: 'open', id },
        ...type,
        chunk as Frame,
        chunk as Frame,
        { kind: 'end', id },
      ];
      peer.send(...frames.map((frame) => ({ ...frame, id }) as Frame));
    }
    await turn();
    const held = (): readonly number[] => [peer.stats().heldBytes, budget.usedBytes];
    expect([peer.victim.streams, held()]).toEqual([[], [2 * BYTES * STREAMS, 2 * BYTES * STREAMS]]);
    for (const stream of streams.splice(0)) read(stream);
    expect(held()).toEqual([unreadBytes * STREAMS, unreadBytes * STREAMS]);
    await turnsUntil(() => {
      collectGarbage();
      return collected >= STREAMS - KEPT && (held()[0] ?? NaN) <= unreadBytes * KEPT;
    });
    // The registry of the session may be told in a turn of its own.
    await turn();
    await turn();
    const [session = NaN, shared] = held();
    expect(session).toBe(shared);
    expect(session).toBeGreaterThanOrEqual(0);
  });
});
