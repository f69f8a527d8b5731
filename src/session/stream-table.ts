import type { Traits } from '../wire/codec.js';
import type { MuxStream } from './mux-stream.js';
import { StreamMap } from './stream-map.js';

/** Which end of the session this is: it decides whose ids are odd. */
export type Role = 'client' | 'server';

// Ids that were answered by a reset, and get no second one for what was on its way then.
const MAX_ANSWERED = 256;
const PROBE_IDS = 512;

/** The streams of one session by their ids, and what is remembered of those that are gone. */
export class StreamTable {
  readonly streams = new StreamMap();
  /** How many of them have a type that has not arrived yet. */
  untyped = 0;
  /** Streams that the peer opened and that are not over. */
  inbound = 0;
  /** Streams that we opened and that are not over. */
  outbound = 0;
  /** Streams that we opened and the peer has not confirmed; counts only where the wire confirms. */
  unaccepted = 0;
  /** The highest id that the peer opened; 0 for none. */
  lastRemoteId = 0;
  readonly #traits: Traits;
  readonly #parity: number;
  readonly #firstRemoteId: number;
  readonly #answered = new Set<number>();
  #nextId: number;

  constructor(traits: Traits, role: Role) {
    this.#traits = traits;
    this.#nextId = traits.firstId[role];
    this.#parity = this.#nextId % 2;
    this.#firstRemoteId = traits.firstId[role === 'client' ? 'server' : 'client'];
  }

  /** The id for the next stream of ours; undefined when there are none left. */
  takeId(): number | undefined {
    const id = this.#nextId;
    if (id > this.#traits.maxId) return undefined;
    this.#nextId += 2;
    return id;
  }

  /** An id of our side that no stream will ever have, another each time: for frames that are to be refused. */
  probeId(last: number): number {
    const highest = this.#traits.maxId - ((this.#traits.maxId + this.#parity) % 2);
    return last === 0 || last <= highest - 2 * PROBE_IDS ? highest : last - 2;
  }

  /** True for an id that this end gives out. */
  isOurs(id: number): boolean {
    return id % 2 === this.#parity;
  }

  /** What is wrong with a stream that the peer opens; undefined when nothing is. */
  whyNot(id: number): string | undefined {
    if (this.isOurs(id)) return `the peer opened stream ${id}, an id of our side`;
    if (id === 0) return 'the peer opened stream 0, an id that no stream has';
    if (this.streams.get(id) !== undefined || this.wasReset(id)) return `the peer opened stream ${id} twice`;
    if (!this.#traits.ascendingIds) return undefined;
    if (id < this.#firstRemoteId) return `the peer opened stream ${id}, its first is ${this.#firstRemoteId}`;
    return id > this.lastRemoteId ? undefined : `the peer opened stream ${id} after stream ${this.lastRemoteId}`;
  }

  /** True for an id of the peer whose stream was reset: frames of both ends may still be on their way to that one. */
  wasReset(id: number): boolean {
    return !this.isOurs(id) && this.#answered.has(id);
  }

  /** The newest stream with unread bytes. */
  get newestUnread(): MuxStream | undefined {
    let newest: MuxStream | undefined;
    for (const stream of this.streams)
      if (stream.window.arrivedBytes > 0 && stream.id > (newest?.id ?? 0)) newest = stream;
    return newest;
  }

  add(stream: MuxStream): void {
    this.streams.add(stream);
    // What came for it before it was ours was answered; it is not.
    this.#answered.delete(stream.streamId);
    if (!stream.isLocal) this.inbound++;
    else {
      this.outbound++;
      if (!stream.isAccepted) this.unaccepted++;
    }
  }

  /** The peer confirmed one of our streams; true for the first time. */
  accepted(stream: MuxStream): boolean {
    if (stream.isAccepted) return false;
    stream.isAccepted = true;
    this.unaccepted--;
    return true;
  }

  /** The first bytes of a stream are to be its type. */
  awaitType(stream: MuxStream): void {
    stream.typePrefix = { type: 0, length: 0, ticks: 0 };
    this.untyped++;
  }

  /** They have come, or will never. */
  typed(stream: MuxStream): void {
    stream.typePrefix = undefined;
    this.untyped--;
  }

  /** True when the stream was in the table. */
  remove(stream: MuxStream): boolean {
    if (!this.streams.delete(stream)) return false;
    if (stream.typePrefix !== undefined) this.typed(stream);
    if (!stream.isLocal) this.inbound--;
    else {
      this.outbound--;
      if (!stream.isAccepted) this.unaccepted--;
    }
    return true;
  }

  /** Remembers that an id needs no (further) reset; false when it was remembered already. */
  answer(id: number): boolean {
    if (this.#answered.has(id)) return false;
    this.#answered.add(id);
    if (this.#answered.size > MAX_ANSWERED) this.#answered.delete(this.#answered.values().next().value as number);
    return true;
  }
}
