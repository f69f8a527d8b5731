/** The default `maxPayload` of `ws`; 0 means no bound. */
const UNSET = [0, 100 << 20];
const LONGEST_BYTES = 1 << 20;

/** The parts of a WebSocket of `ws` that have a bound: its receiver, and the extension that inflates. */
interface Bounded {
  _maxPayload?: unknown;
  readonly _extensions?: Readonly<Record<string, Bounded>>;
}

/**
 * Lowers the longest message that an open WebSocket of `ws` takes to 1 MiB, unless its user chose a `maxPayload`. `ws` holds a message until it is
 * whole, up to 100 MiB by default, for each connection. The fields are private: no call sets them after the handshake, and another library may have
 * made the WebSocket. Browsers have no such bound.
 */
export function boundMessages(socket: object): void {
  const { _receiver: receiver } = socket as { readonly _receiver?: Bounded | null };
  if (receiver === undefined || receiver === null || !UNSET.includes(receiver._maxPayload as number)) return;
  for (const bounded of [receiver, ...Object.values(receiver._extensions ?? {})]) {
    if (typeof bounded._maxPayload === 'number') bounded._maxPayload = LONGEST_BYTES;
  }
}
