import fc from 'fast-check';
import type { SessionOptions } from '../../../src/session/options.js';
import type { Codec } from '../../../src/wire/codec.js';

/** 0 is the client, 1 the server. */
export type Side = 0 | 1;

/** Something that a user of a session, or the network, does. `on` counts streams in the order of their opening. */
export type Action =
  | { readonly do: 'open'; readonly by: Side; readonly type: number; readonly weight: number; readonly eager: boolean }
  | { readonly do: 'write'; readonly by: Side; readonly on: number; readonly bytes: number }
  | { readonly do: 'read'; readonly by: Side; readonly on: number; readonly bytes: number; readonly isLate: boolean }
  | { readonly do: 'reset'; readonly by: Side; readonly on: number; readonly code: number }
  | { readonly do: 'end' | 'pause' | 'cancelRead'; readonly by: Side; readonly on: number }
  | { readonly do: 'carry'; readonly by: Side; readonly bytes: number }
  | { readonly do: 'goAway'; readonly by: Side }
  | { readonly do: 'turn' | 'settle' };

/** What one run begins with. */
export interface Setting {
  readonly options: Partial<SessionOptions>;
  /** Bytes that each direction of the transport holds. */
  readonly capacityBytes: number;
  /** Where what is carried is cut, again and again. */
  readonly cuts: readonly number[];
}

const by = fc.constantFrom<Side>(0, 1);
const on = fc.oneof(fc.nat(1), fc.nat(7));
const bytes = fc.oneof(
  fc.integer({ min: 1, max: 16 }),
  fc.integer({ min: 1, max: 6000 }),
  fc.integer({ min: 1, max: 140_000 }),
);
// Readers are as a rule not behind, or windows would only ever fill up.
const readBytes = fc.oneof(bytes, fc.constant(1 << 20));
const is = <D extends string>(name: D): fc.Arbitrary<D> => fc.constant(name);

/** What happens, in order. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: is('open'),
        by,
        type: fc.integer({ min: 1, max: 1000 }),
        weight: fc.integer({ min: 1, max: 8 }),
        eager: fc.boolean(),
      }),
    },
    { weight: 12, arbitrary: fc.record({ do: is('write'), by, on, bytes }) },
    { weight: 12, arbitrary: fc.record({ do: is('read'), by, on, bytes: readBytes, isLate: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: is('end'), by, on }) },
    { weight: 2, arbitrary: fc.record({ do: is('pause'), by, on }) },
    { weight: 1, arbitrary: fc.record({ do: is('cancelRead'), by, on }) },
    { weight: 1, arbitrary: fc.record({ do: is('reset'), by, on, code: fc.integer({ min: 10, max: 100 }) }) },
    { weight: 8, arbitrary: fc.record({ do: is('carry'), by, bytes }) },
    { weight: 8, arbitrary: fc.record({ do: is('turn') }) },
    { weight: 3, arbitrary: fc.record({ do: is('settle') }) },
    { weight: 1, arbitrary: fc.record({ do: is('goAway'), by }) },
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);

/** What a run of this codec may begin with. */
export function setting({ traits }: Codec): fc.Arbitrary<Setting> {
  const cut = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3000 }));
  return fc.record({
    options: fc.record({
      onCancel: fc.constantFrom('drain', 'reset'),
      unreadOnReset: fc.constantFrom('deliver', 'drop'),
      maxOpenStreams: fc.constantFrom(2, 65_536),
      maxFrameBytes: fc.constantFrom(500, traits.maxPayloadBytes),
      // Without windows it is what holds the peer back; with them, streams would be refused.
      receiveBudgetBytes: fc.constantFrom(...(traits.credit === 'none' ? [150_000, 4 << 20] : [64 << 20])),
    }),
    capacityBytes: fc.constantFrom(100, 5000, 65_536),
    // One large cut among them keeps a run short.
    cuts: fc.array(cut, { maxLength: 6 }).map((small) => [...small, 30_000]),
  });
}
