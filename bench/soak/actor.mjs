import { setTimeout as elapsed } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { flowTo } from '../../dist/index.js';
import { idOf } from './transfer.mjs';
import { WAYS } from './ways.mjs';

const STREAMS_AT_A_TIME = 4;
const MOST_PAUSE_MS = 200;
const LIFE_MS = [200, 20_000];
const STALL_MS = 1000;
const CLOSE_MS = 500;
const WAY_WEIGHTS = { subscribe: 3, consume: 3, iterate: 2, web: 2, duplex: 3 };
const STREAM_ACTS = { none: 85, reset: 8, leave: 7 };
const SESSION_ACTS = { goAway: 40, close: 15, error: 15, kill: 15, cut: 15 };

/** One end of a session, that opens streams, serves those of the other end, and at some time does something to the session. */
export class Actor {
  #session;
  #kill;
  #lane;
  #random;
  #world;

  /**
   * @param lane - what both ends of the session share
   * @param kill - how its connection is lost: at once (`kill`) and with a TCP reset (`cut`)
   */
  constructor({ session, kill, lane, random, world }) {
    this.#session = session;
    this.#kill = kill;
    this.#lane = lane;
    this.#random = random;
    this.#world = world;
  }

  /** Acts until the session is over. */
  async run() {
    const { stop } = this.#world;
    const session = this.#session;
    session.accept$.subscribe((stream) => this.#accept(stream));
    for (let i = 0; i < STREAMS_AT_A_TIME; i++) void this.#openAgain();
    const over = new AbortController();
    void this.#actLater(AbortSignal.any([over.signal, stop]), over.signal);
    const { error } = await firstValueFrom(session.closed$);
    over.abort();
    this.#lane.isOver = true;
    this.#world.ended(session, this.#lane, error);
  }

  get #isOver() {
    return this.#lane.isOver || this.#world.stop.aborted;
  }

  async #openAgain() {
    for (;;) {
      await elapsed(this.#random.whole(0, MOST_PAUSE_MS));
      if (this.#isOver) return;
      await this.#open();
    }
  }

  async #open() {
    const transfer = this.#world.transfer(this.#lane, this.#random);
    const stream = this.#session.open();
    transfer.stream = stream;
    const { name, use } = this.#use(stream);
    transfer.openedBy = name;
    const reading = use.read((chunk) => transfer.takeDown(chunk), this.#pauses());
    const writing = use.write(transfer.up.content, () => (transfer.up.isSent = true));
    this.#disturb(transfer, stream, reading);
    transfer.openerOutcome = await reading.outcome;
    await writing;
    this.#world.settle(transfer);
  }

  #accept(stream) {
    const random = this.#random;
    this.#world.count('accepted');
    if (random.chance(0.2)) {
      this.#world.count('echoed');
      stream.pipe(flowTo(stream)).subscribe();
      return;
    }
    void this.#answer(stream);
  }

  async #answer(stream) {
    const { name, use } = this.#use(stream);
    const isAfterEnd = this.#random.chance(0.3);
    let transfer;
    let isLate = false;
    let first = Buffer.alloc(0);
    let writing = Promise.resolve();
    const answer = () => use.write(transfer.answer, () => (transfer.answered().isSent = true));
    const reading = use.read((chunk) => {
      if (transfer !== undefined) {
        transfer.up.take(chunk);
        return;
      }
      if (isLate) return;
      first = Buffer.concat([first, chunk]);
      const id = idOf(first);
      if (id === undefined) return;
      transfer = this.#world.transferOf(id);
      // Its opener gave up before it was heard of.
      isLate = transfer === undefined;
      if (isLate) return;
      transfer.isAccepted = true;
      transfer.acceptedBy = name;
      transfer.up.take(first);
      // Not from within the reading: it is not there yet.
      queueMicrotask(() => {
        this.#disturb(transfer, stream, reading);
        if (!isAfterEnd) writing = answer();
      });
    }, this.#pauses());
    const outcome = await reading.outcome;
    // It ended before it had said who it is, or late.
    if (transfer === undefined) {
      stream.complete();
      return;
    }
    transfer.up.outcome = outcome;
    if (isAfterEnd) {
      this.#world.count('answered after the end');
      writing = answer();
    }
    await writing;
    this.#world.settle(transfer);
  }

  #use(stream) {
    const name = this.#random.weighted(WAY_WEIGHTS);
    this.#world.count(`by ${name}`);
    return { name, use: WAYS[name](stream) };
  }

  /** How long to wait after each chunk: mostly not at all. */
  #pauses() {
    const random = this.#random;
    if (random.chance(0.03)) {
      this.#world.count('stalled readers');
      let pause = STALL_MS;
      return () => ([pause] = [0, pause])[1] ?? 0;
    }
    if (!random.chance(0.2)) return () => 0;
    this.#world.count('slow readers');
    return () => random.whole(1, 20);
  }

  #disturb(transfer, stream, reading) {
    const random = this.#random;
    const act = random.weighted(STREAM_ACTS);
    if (act === 'none') return;
    const timer = setTimeout(
      () => {
        if (transfer.isSettled) return;
        this.#world.count(`streams: ${act}`);
        transfer.disturbances.push(act);
        if (act === 'leave') reading.leave();
        else if (random.chance(0.5)) stream.reset(random.whole(0, 10));
        else stream.error(new Error('reset on purpose'));
      },
      random.whole(0, 100),
    );
    stream.closed$.subscribe(() => clearTimeout(timer));
  }

  async #actLater(until, over) {
    const random = this.#random;
    await elapsed(random.logarithmic(...LIFE_MS), undefined, { signal: until }).catch(() => {});
    if (over.aborted) return;
    this.#act(this.#world.stop.aborted ? 'goAway' : random.weighted(SESSION_ACTS));
  }

  #act(act) {
    const session = this.#session;
    const lane = this.#lane;
    this.#world.count(`sessions: ${act}`);
    lane.history.push(act);
    if (act === 'goAway') lane.isGoneAway = true;
    else lane.disturbance = act;
    switch (act) {
      case 'goAway':
        session.goAway();
        break;
      case 'close':
        session.close({ timeoutMs: this.#random.whole(0, CLOSE_MS) });
        break;
      case 'error':
        session.error(new Error('ended on purpose'));
        break;
      default:
        this.#kill[act]();
    }
  }
}
