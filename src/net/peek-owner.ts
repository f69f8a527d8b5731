import type { InboundFilter } from '../conn/reading.js';

/** The Conn that a peek looks at. */
export interface PeekOwner {
  /** The peek goes on: the peer may be gone before its address is asked for. */
  keepAddresses(): void;
  /** From now on `replay`, and then what comes in through `filter`, are the inbound bytes. */
  relay(filter: InboundFilter, replay: Uint8Array): void;
}
