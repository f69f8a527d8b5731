/** What `ws` takes where its user set no `maxPayload`; 0 is no bound at all. */
const UNSET = [0, 100 << 20];
const LONGEST_BYTES = 1 << 20;

/** What has a bound in a WebSocket of `ws`: its receiver, and the extension that inflates. */
interface Bounded {
  _maxPayload?: unknown;
  readonly _extensions?: Readonly<Record<string, Bounded>>;
}

/**
 * Lowers the longest message that an open WebSocket of `ws` takes to 1 MiB, unless its user chose a `maxPayload`. `ws` holds a message until it is
 * whole, 100 MiB of it by itself, for each connection. The fields are private: no call sets them after the handshake, and who made the WebSocket may
 * be another library. Browsers have no such bound.
 */
export function boundMessages(socket: object): void {
  const { _receiver: receiver } = socket as { readonly _receiver?: Bounded | null };
  if (receiver === undefined || receiver === null || !UNSET.includes(receiver._maxPayload as number)) return;
  for (const bounded of [receiver, ...Object.values(receiver._extensions ?? {})]) {
    if (typeof bounded._maxPayload === 'number') bounded._maxPayload = LONGEST_BYTES;
  }
}
