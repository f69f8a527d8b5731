import { createHash } from 'node:crypto';
import { Content } from './content.mjs';

/** A stream that its acceptor sends back, and one that it answers: its first byte tells the opener which. */
const OPENED = 0x45;
const ANSWERED = 0x52;
const HEADER_BYTES = 5;

const header = (id) => {
  const bytes = Buffer.alloc(HEADER_BYTES, OPENED);
  bytes.writeUInt32BE(id, 1);
  return bytes;
};

/** One direction of a stream: what goes in, and what came out. */
class Flow {
  content;
  /** The sender has half-closed after the last byte. */
  isSent = false;
  receivedBytes = 0;
  /** How reading ended; undefined while it goes on. */
  outcome;
  #hash = createHash('sha256');

  constructor(content) {
    this.content = content;
  }

  take(chunk) {
    this.receivedBytes += chunk.length;
    this.#hash.update(chunk);
  }

  /** What is wrong with the bytes: those that came must be the first ones that were sent. */
  faultOfBytes() {
    const { receivedBytes, content } = this;
    if (receivedBytes > content.size) return `${receivedBytes} bytes came of ${content.size}`;
    return this.#hash.digest('hex') === content.sha256(receivedBytes)
      ? undefined
      : `other bytes came, ${receivedBytes}`;
  }
}

/** A stream, seen from both ends: what either sent, what the other got, and what was done to it. */
export class Transfer {
  id;
  lane;
  /** What either end did to it on purpose. */
  disturbances = [];
  /** Opener to acceptor. */
  up;
  /** Acceptor to opener; undefined before its first byte. */
  down;
  /** What the acceptor answers, unless it echoes. */
  answer;
  /** How the opener's reading ended; undefined while it goes on. */
  openerOutcome;
  isAccepted = false;
  isEchoed = false;
  /** The way of either end, for reports. */
  openedBy;
  acceptedBy;

  constructor(id, lane, random) {
    this.id = id;
    this.lane = lane;
    const size = () => random.logarithmic(1, 1_000_000);
    this.up = new Flow(new Content(header(id), random.whole(0, 1 << 20), size()));
    this.answer = new Content(Buffer.of(ANSWERED), random.whole(0, 1 << 20), size());
  }

  /** What the opener gets: an answer, or an echo, which only its first byte tells. */
  takeDown(chunk) {
    this.down ??= chunk[0] === OPENED ? this.#echo() : this.answered();
    this.down.take(chunk);
  }

  /** The acceptor's direction, once it answers. */
  answered() {
    this.down ??= new Flow(this.answer);
    return this.down;
  }

  #echo() {
    this.isEchoed = true;
    return new Flow(this.up.content);
  }

  /** Which is over on both ends, as far as they know of it. */
  get isOver() {
    const acceptor = this.isAccepted ? this.up.outcome !== undefined : true;
    return this.openerOutcome !== undefined && acceptor;
  }

  /** What went wrong; undefined when nothing did. `canReset` is false for a protocol that has no reset. */
  fault(canReset) {
    const wasDisturbed = this.disturbances.length > 0 || this.lane.disturbance !== undefined;
    const flows = [];
    if (this.isAccepted) flows.push(['up', this.up, this.up.isSent, this.up.outcome]);
    const isDownSent = this.isEchoed ? this.up.isSent : this.down?.isSent;
    const down = this.down ?? new Flow(this.answer);
    flows.push(['down', down, isDownSent === true, this.openerOutcome]);
    for (const [name, flow, isSent, outcome] of flows) {
      const bytes = flow.faultOfBytes();
      if (bytes !== undefined) return `${name}: ${bytes}`;
      const isWhole = isSent && flow.receivedBytes === flow.content.size;
      if (outcome.isEnd && !isWhole) {
        // Where a FIN stands in for a reset, and for a refusal, nobody can tell one from the other.
        if (!canReset && (wasDisturbed || this.lane.isGoneAway)) continue;
        return `${name}: an end after ${flow.receivedBytes} of ${flow.content.size} bytes`;
      }
      if (outcome.error !== undefined && !wasDisturbed && !this.#wasRefused(outcome.error))
        return `${name}: ${outcome.error.message}${outcome.error.retryable ? ' (retryable)' : ''}, and nobody did anything to it`;
    }
    return undefined;
  }

  // A session that goes away takes no new streams, and says that it did nothing for them, where the protocol has words for it.
  #wasRefused(error) {
    const { isGoneAway, saysGoAway } = this.lane;
    return isGoneAway && !this.isAccepted && this.down === undefined && (error.retryable || !saysGoAway);
  }

  get description() {
    const { id, lane, up, down, disturbances, openedBy, acceptedBy, openerOutcome } = this;
    const told = (flow, outcome) => {
      const bytes = flow === undefined ? 'no bytes' : `${flow.receivedBytes}/${flow.content.size}`;
      const how = Object.keys(outcome ?? { open: true })[0];
      return `${bytes}${flow?.isSent ? ' sent' : ''} ${how}`;
    };
    const acts = [...disturbances, lane.disturbance, lane.isGoneAway ? 'goAway' : undefined].filter((act) => act);
    return `${lane.protocol} stream ${id} (id ${this.stream?.streamId} ${openedBy} to ${acceptedBy ?? 'nobody'}; up ${told(up, up.outcome)}, down ${told(down, openerOutcome)}; ${acts.join(', ') || 'undisturbed'})`;
  }
}

/** The id of the transfer whose first bytes these are; undefined before there are enough of them. */
export const idOf = (bytes) => (bytes.length < HEADER_BYTES ? undefined : bytes.readUInt32BE(1));
