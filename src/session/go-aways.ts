import { SessionClosedError } from '../errors.js';
import type { Core } from './core.js';
import { goneAwayError } from './session-closed.js';
import { TokenBucket } from './token-bucket.js';

// Two are a graceful end (RFC 9113 §6.8). Each goes through all streams.
const MAX_LOWER_IDS = 8;

/** Text and numbers of the peer's GoAway. */
export interface RemoteGoAway {
  readonly lastId: number;
  readonly code: number;
  readonly debug: string;
}

/** The GoAways of the peer, and what they do to streams of ours. */
export class GoAways {
  /** The GoAway that counts: the first, or a later one with a lower id. */
  counted: RemoteGoAway | undefined;
  readonly #core: Core;
  readonly #lowerIds: TokenBucket;

  constructor(core: Core) {
    this.#core = core;
    this.#lowerIds = new TokenBucket({ burst: MAX_LOWER_IDS, perSecond: 0 }, core.now);
  }

  /** Streams above the last id were not handled, and fail. */
  receive(lastId: number, code: number, debug: Uint8Array): void {
    const core = this.#core;
    if (!core.count(core.resets, 'GoAways')) return;
    if (this.counted !== undefined && lastId >= this.counted.lastId) return;
    if (!core.count(this.#lowerIds, 'GoAways with a lower id each')) return;
    const text = new TextDecoder().decode(debug.subarray(0, core.settings.maxDebugBytes));
    this.counted = { lastId, code, debug: text };
    const why = `the peer takes no new streams (code ${code}${text === '' ? '' : `, ${JSON.stringify(text)}`})`;
    for (const stream of [...core.table.streams]) {
      if (!stream.isLocal || stream.streamId <= lastId) continue;
      const facts = { ...stream.facts('remote'), wireCode: code, retryable: true };
      stream.fail(new SessionClosedError('ERR_MUX_GOAWAY', `stream ${stream.streamId} was not handled: ${why}`, facts));
    }
    core.owner.onIdle();
  }

  /** Streams that the peer did not confirm before its GoAway, where the wire confirms: it did not process them. */
  failUnconfirmed(): void {
    if (this.counted === undefined) return;
    for (const stream of this.#core.table.streams.values()) {
      if (stream.isAccepted) continue;
      const text = `the peer went away without taking stream ${stream.streamId}`;
      stream.fail(goneAwayError(text, this.counted.code));
    }
  }
}
