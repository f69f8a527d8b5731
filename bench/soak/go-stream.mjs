import { createHash } from 'node:crypto';
import { Content } from './content.mjs';
import { header } from './traffic.mjs';
import { WAYS } from './ways.mjs';

const WAY_WEIGHTS = { subscribe: 3, consume: 3, iterate: 2, web: 2, duplex: 3 };
const KIND_WEIGHTS = { echo: 6, sink: 2, hash: 3, reset: 1 };
const ACTS = { none: 85, reset: 8, leave: 7 };
const MOST_BYTES = 1_000_000;
const HEADER_BYTES = 9;
const RESET_CODE = 7;

/** A stream that rxmux opens and a process of Go answers. */
export class GoStream {
  #session;
  #lane;
  #random;
  #world;
  #kind;
  #content;
  #way;
  /** What was done to it on purpose. */
  #disturbance;
  #received = 0;
  #hash = createHash('sha256');
  #text = '';
  #isSent = false;

  constructor({ session, lane, random, world }) {
    this.#session = session;
    this.#lane = lane;
    this.#random = random;
    this.#world = world;
    this.#kind = random.weighted(KIND_WEIGHTS);
    // What Go closes unread is never reset by yamux, and would fill its window for ever.
    const size = random.logarithmic(1, this.#kind === 'reset' ? 1000 : MOST_BYTES);
    const n = { echo: 0, sink: size, hash: 0, reset: RESET_CODE }[this.#kind];
    this.#content = new Content(header(this.#kind, n), random.whole(0, 1 << 20), size);
    this.#way = random.weighted(WAY_WEIGHTS);
  }

  /** Has the session's other end go away. */
  static askToGoAway(session) {
    const stream = session.open();
    stream.subscribe({ error: () => {} });
    stream.next(header('goAway'));
    stream.complete();
  }

  /** Runs to its end, and judges. */
  async run() {
    const world = this.#world;
    world.count(`streams to Go: ${this.#kind}`);
    world.start(this);
    const stream = this.#session.open();
    const use = WAYS[this.#way](stream);
    let allIsBack;
    const back = new Promise((resolve) => (allIsBack = resolve));
    stream.closed$.subscribe(allIsBack);
    const reading = use.read((chunk) => {
      this.#take(chunk);
      if (this.#received >= this.#echoBytes) allIsBack();
    }, this.#pauses());
    void reading.outcome.then(allIsBack);
    // Go's libraries read no more after their own end, and most of them end with ours: an echo ends when all is back.
    const mayEnd = this.#kind === 'echo' ? back : Promise.resolve();
    const writing = use.write(this.#content, () => (this.#isSent = true), mayEnd);
    const timer = this.#disturb(stream, reading);
    const outcome = await reading.outcome;
    await writing;
    clearTimeout(timer);
    world.count('bytes from Go', this.#received);
    const fault = this.#fault(outcome);
    if (fault !== undefined) world.fault(`${this.description}: ${fault}`);
    world.finish(this);
  }

  get description() {
    const { protocol, disturbance, isGoneAway } = this.#lane;
    const acts = [this.#disturbance, disturbance, isGoneAway ? 'goAway' : undefined].filter((act) => act);
    return `${protocol} ${this.#kind} by ${this.#way} of ${this.#content.size} bytes (${acts.join(', ') || 'undisturbed'}; ${this.#received} back)`;
  }

  get #echoBytes() {
    return this.#content.size - HEADER_BYTES;
  }

  #take(chunk) {
    this.#received += chunk.length;
    this.#hash.update(chunk);
    if (this.#kind === 'hash') this.#text += Buffer.from(chunk).toString('latin1');
  }

  #pauses() {
    if (!this.#random.chance(0.15)) return () => 0;
    this.#world.count('slow readers of Go');
    return () => this.#random.whole(1, 20);
  }

  #disturb(stream, reading) {
    const act = this.#random.weighted(ACTS);
    if (act === 'none') return undefined;
    return setTimeout(
      () => {
        this.#world.count(`streams to Go: ${act}`);
        this.#disturbance = act;
        if (act === 'leave') reading.leave();
        else stream.reset(this.#random.whole(0, 10));
      },
      this.#random.whole(0, 100),
    );
  }

  #fault({ isEnd, error }) {
    const { disturbance, isGoneAway, saysGoAway, canReset } = this.#lane;
    const bytes = this.#faultOfBytes();
    if (bytes !== undefined) return bytes;
    if (this.#kind === 'reset' || this.#disturbance !== undefined || disturbance !== undefined) return undefined;
    // A stream that crossed a GoAway was refused; without one on the wire, an end says it.
    const wasRefused = isGoneAway && (this.#received === 0 || !saysGoAway);
    if (error !== undefined) return wasRefused ? undefined : `${error.message}, and nobody did anything to it`;
    const wanted = { echo: this.#echoBytes, sink: 1, hash: 64 }[this.#kind];
    if (isEnd && this.#received < wanted && !(isGoneAway && !canReset)) return `an end before ${wanted} bytes`;
    return undefined;
  }

  #faultOfBytes() {
    if (this.#kind === 'echo') {
      const wanted = new Content(Buffer.alloc(0), this.#content.from, this.#echoBytes);
      if (this.#received > wanted.size) return 'more bytes than were sent';
      return this.#hash.digest('hex') === wanted.sha256(this.#received) ? undefined : 'other bytes';
    }
    if (this.#kind !== 'hash' || this.#received < 64 || !this.#isSent) return undefined;
    const wanted = new Content(Buffer.alloc(0), this.#content.from, this.#echoBytes);
    return this.#text === wanted.sha256(wanted.size) ? undefined : 'the hash of other bytes';
  }
}
