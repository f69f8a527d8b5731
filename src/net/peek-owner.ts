import type { InboundFilter } from '../conn/reading.js';

/** The Conn that a peek looks at. */
export interface PeekOwner {
  /** From now on `replay`, and then what comes in through `filter`, are the inbound bytes. */
  relay(filter: InboundFilter, replay: Uint8Array): void;
}
