import { receiveBudget } from '../../dist/index.js';
import { Transfer } from './transfer.mjs';

const MOST_FAULTS = 20;
const STALL_MS = 10_000;

/** What all sessions share: what is under way, what was done, and what went wrong. */
export class World {
  /** How often everything was done, by name. */
  counts = {};
  /** Sentences; not more than a few of them. */
  faults = [];
  /** Bytes received and unread of all sessions. */
  budget = receiveBudget({ maxBytes: 1 << 30 });
  /**
   * Options of all sessions. To smux a peer that has left looks like one that has half-closed: a writer finds out by the stall
   * timeout, and a cycle waits for it.
   */
  limits = { budget: this.budget, stallTimeoutMs: STALL_MS };
  /** Aborted when all is to come to an end. */
  stop = new AbortController().signal;
  #lanes = new Map();
  #transfers = new Map();
  #underWay = new Set();
  #sessions = [];
  #living = new Map();
  #lastId = 0;
  #events = 0;
  #isDone;

  count(name, by = 1) {
    this.#events++;
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  /** Changes with everything that happens, and every byte of a stream. A heartbeat is no progress. */
  get progress() {
    const streams = [...this.#living.keys()].flatMap((session) => session.streams);
    return streams.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, this.#events);
  }

  /** Something went wrong; it is printed at once, since a soak is long. */
  fault(text) {
    this.count('faults');
    process.stderr.write(`fault: ${text}\n`);
    if (this.faults.length < MOST_FAULTS) this.faults.push(text);
  }

  /**
   * What both ends of a connection share, by the ports of the one that listens and of the one that dialled. Either end may be the
   * first to ask. A connection that was lost before it was accepted has no port of the other end, and shares nothing.
   */
  laneAt(listening, dialled, { protocol, traits }) {
    const lane = { protocol, canReset: traits.reset !== 'none', saysGoAway: traits.goAway !== 'none', history: [] };
    if (dialled === undefined) return { ...lane, disturbance: 'lost before it was accepted' };
    const ports = `${listening} ${dialled}`;
    if (!this.#lanes.has(ports)) this.#lanes.set(ports, lane);
    return this.#lanes.get(ports);
  }

  began(session, lane) {
    this.count('sessions');
    this.#living.set(session, lane);
    // Not the lane: it may hold the session.
    this.#sessions.push({ ref: new WeakRef(session), protocol: lane.protocol, history: lane.history });
  }

  /** A session of a lane is over, for that reason. */
  ended(session, lane, error) {
    this.count(`sessions ended: ${error?.code ?? 'orderly'}`);
    lane.history.push(`ended: ${error?.message ?? 'orderly'}`);
    if (session.streams.length > 0)
      this.fault(`${lane.protocol}: ${session.streams.length} streams outlived their session`);
    // Without a GoAway on the wire, the other end hears of it only when the connection ends.
    const isExpected = lane.disturbance !== undefined || (lane.isGoneAway && !lane.saysGoAway);
    if (error !== undefined && !isExpected)
      this.fault(`${lane.protocol}: ${error.message}, and nobody did anything to the session`);
    this.#living.delete(session);
    this.#checkDone();
  }

  /** Something with a `description` begins that a cycle waits for. */
  start(one) {
    this.#underWay.add(one);
  }

  finish(one) {
    this.#underWay.delete(one);
    this.#checkDone();
  }

  transfer(lane, random) {
    const transfer = new Transfer(++this.#lastId, lane, random);
    this.#transfers.set(transfer.id, transfer);
    this.count('streams');
    return transfer;
  }

  transferOf(id) {
    return this.#transfers.get(id);
  }

  /** One end of a stream is done with it; the second one judges. */
  settle(transfer) {
    if (transfer.isSettled || !transfer.isOver) return;
    transfer.isSettled = true;
    this.#transfers.delete(transfer.id);
    const { up, down, openerOutcome, lane } = transfer;
    this.count('bytes', up.receivedBytes + (down?.receivedBytes ?? 0));
    const { error } = openerOutcome;
    this.count(`streams ended: ${error?.code ?? Object.keys(openerOutcome)[0]}`);
    const fault = transfer.fault(lane.canReset);
    if (fault !== undefined) this.fault(`${transfer.description}: ${fault}`);
    this.#checkDone();
  }

  /** Fulfilled when no session lives and no stream is under way. */
  done() {
    return new Promise((resolve) => {
      this.#isDone = resolve;
      this.#checkDone();
    });
  }

  /** What is under way, when there should be nothing. */
  reportStuck() {
    for (const [session, { isGoneAway, disturbance, protocol }] of this.#living) {
      const text = `${session.streams.length} streams, ${disturbance ?? (isGoneAway ? 'goAway' : 'undisturbed')}`;
      const streams = session.streams.map((stream) => `; ${streamText(stream)}`);
      this.fault(`${protocol}: a session does not end (${text}${streams.join('')})`);
    }
    for (const transfer of [...this.#transfers.values(), ...this.#underWay])
      this.fault(`${transfer.description}: does not end`);
  }

  /** All ports are new from here on. */
  forgetLanes() {
    this.#lanes.clear();
  }

  /** Sessions that are over and can still be reached, after a garbage collection. */
  reachableSessions() {
    this.#sessions = this.#sessions.filter(({ ref }) => ref.deref() !== undefined);
    return this.#sessions.length;
  }

  /** What is known of the sessions that can still be reached: their ports, what happened to either end, their streams. */
  reachable() {
    return this.#sessions.flatMap(({ ref, protocol, history }) => {
      const session = ref.deref();
      if (session === undefined) return [];
      const { localPort, remotePort, needsDrain, bufferedBytes } = session.conn;
      const state = `${localPort} to ${remotePort}, ${bufferedBytes} bytes unsent${needsDrain ? ', full' : ''}`;
      return [`${protocol} (${state}): ${[...history, ...session.streams.map(streamText)].join('; ')}`];
    });
  }

  #checkDone() {
    if (this.#living.size + this.#transfers.size + this.#underWay.size === 0) this.#isDone?.();
  }
}

function streamText({ streamId, isLocal, bytesRead, bytesWritten, bufferedBytes }) {
  return `${isLocal ? 'our' : 'their'} stream ${streamId}, ${bytesRead} bytes read, ${bytesWritten} written, ${bufferedBytes} unsent`;
}
