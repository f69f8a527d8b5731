import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { config } from 'rxjs';
import { MuxError } from '../../src/errors.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';
import { bytesOf, hostile, neighbourEchoes, type Hostile } from './abuse/hostile.js';
import { CODECS, turn } from './session-ends.js';

// A run is about 1000 bytes. With FUZZ_RUNS set there are as many as it says, other ones each time.
const { FUZZ_RUNS } = process.env;
const fuzz = FUZZ_RUNS === undefined ? { numRuns: 300, seed: 54 } : { numRuns: Number(FUZZ_RUNS) };
const MIB = 1 << 20;

const unhandled: unknown[] = [];
beforeAll(() => {
  config.onUnhandledError = (error) => unhandled.push(error);
});
afterAll(() => {
  config.onUnhandledError = null;
});

const id = fc.oneof(
  { weight: 8, arbitrary: fc.nat(12) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }) },
);
const number = fc.oneof(fc.nat(10), fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(300_000));
const bytes = fc.uint8Array({ maxLength: 64 });

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), id, credit: number }),
  fc.record({ kind: fc.constant('open' as const), id, type: number, priority: fc.nat(0x7fff_ffff) }),
  fc.record({ kind: fc.constant('accept' as const), id, credit: number }),
  fc.record({ kind: fc.constant('data' as const), id, bytes }),
  fc.record({ kind: fc.constant('end' as const), id }),
  fc.record({ kind: fc.constant('reset' as const), id, code: number }),
  fc.record({ kind: fc.constant('credit' as const), id, increment: number, consumed: number, window: number }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), value: number }),
  fc.record({ kind: fc.constant('goAway' as const), lastId: id, code: number, debug: bytes }),
);

/** What our side does between two chunks: a stream of each kind of owner. */
type Act = 'open' | 'write' | 'end' | 'reset' | 'read' | 'leave' | 'ping' | 'goAway' | 'wait' | 'tick';
const act = fc.constantFrom<Act>('open', 'write', 'end', 'reset', 'read', 'leave', 'ping', 'goAway', 'wait', 'tick');

/** A chunk: frames, of which some bytes may be changed, or noise. */
interface Piece {
  readonly frames: readonly Frame[];
  readonly noise: Uint8Array;
  readonly changes: readonly (readonly [at: number, value: number])[];
  readonly act: Act;
}
const piece: fc.Arbitrary<Piece> = fc.record({
  frames: fc.array(frame, { maxLength: 8 }),
  noise: fc.oneof({ weight: 20, arbitrary: fc.constant(new Uint8Array(0)) }, { weight: 1, arbitrary: bytes }),
  changes: fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 2 }) },
  ),
  act,
});

function chunkOf(codec: Codec, { frames, noise, changes }: Piece): Uint8Array {
  const chunk = Buffer.concat([bytesOf(codec, ...frames), noise]);
  for (const [at, value] of changes) if (at < chunk.length) chunk[at] = value;
  return chunk;
}

const WIRE_FAULTS = [
  'ERR_MUX_FRAME',
  'ERR_MUX_FLOW_CONTROL',
  'ERR_MUX_STREAM_STATE',
  'ERR_MUX_TIMEOUT',
  'ERR_MUX_KEEPALIVE',
];

describe.each(CODECS)('a session of %s whose peer sends anything', (_name, codec) => {
  const neighbour = neighbourEchoes();

  /** One user of a session, who does all that can be done with it, and in the end reads what is left. */
  function user(
    { victim, clock }: Hostile,
    errors: unknown[],
  ): { does: (act: Act) => Promise<void>; readsRest: () => void } {
    const streams: MuxStream[] = [];
    const note = { error: (error: unknown) => errors.push(error) };
    victim.accept$.subscribe({ next: (stream) => streams.push(stream), ...note });
    victim.subscribe(note);
    const readsRest = (): void => streams.forEach((stream) => stream.subscribe(note));
    const does = async (act: Act): Promise<void> => {
      const stream = streams[streams.length >> 1];
      if (act === 'open') streams.push(victim.open());
      else if (act === 'write') stream?.next(new Uint8Array(100));
      else if (act === 'end') stream?.complete();
      else if (act === 'reset') stream?.reset(7);
      else if (act === 'read') streams.shift()?.subscribe(note);
      else if (act === 'leave') streams.shift()?.subscribe(note).unsubscribe();
      else if (act === 'ping') victim.ping().subscribe(note);
      else if (act === 'goAway') victim.goAway();
      else if (act === 'tick') await clock.pass(1000);
      else await turn();
    };
    return { does, readsRest };
  }

  test.each(['client', 'server'] as const)(
    'session case 54: as a %s meets it with nothing but typed errors, keeps its books, and leaves others alone',
    async (role) => {
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 16 }), async (pieces) => {
          const budget = receiveBudget({ maxBytes: 64 * MIB });
          const peer = hostile({ codec, role, budget, keepAlive: {} });
          const errors: unknown[] = [];
          const { does, readsRest } = user(peer, errors);
          for (const piece of pieces) {
            peer.write(chunkOf(codec, piece));
            await does(piece.act);
          }
          const { error } = peer;
          const code = error()?.code;
          if (code !== undefined && code !== 'ERR_MUX_GOAWAY') expect(WIRE_FAULTS).toContain(code);
          const { inboundStreams, outboundStreams } = peer.stats();
          expect(peer.victim.streams).toHaveLength(inboundStreams + outboundStreams);
          peer.victim.error('enough');
          peer.conn.error('enough');
          // What had arrived before the session ended counts until it is read.
          readsRest();
          expect([budget.usedBytes, peer.stats().heldBytes, peer.victim.streams]).toEqual([0, 0, []]);
          await turn();
          expect(errors.filter((each) => !MuxError.is(each))).toEqual([]);
        }),
        fuzz,
      );
      expect(unhandled).toEqual([]);
      await neighbour();
    },
    120_000,
  );
});
