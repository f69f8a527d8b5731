import type { InboundFilter } from '../conn/reading.js';

/** The Conn that a peek looks at. */
export interface PeekOwner {
  /** The look goes on: the peer may be gone before anybody asks for its address. */
  keepAddresses(): void;
  /** From now on `replay`, and then what comes in through `filter`, are the inbound bytes. */
  relay(filter: InboundFilter, replay: Uint8Array): void;
}
