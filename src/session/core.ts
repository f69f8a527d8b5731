import type { Conn } from '../conn/conn.js';
import { MuxError, OverflowError, ProtocolError, ResetError } from '../errors.js';
import { SharedSendBudget } from '../flow/send-budget.js';
import { ReceiveWindow, type WindowRules } from '../flow/window.js';
import type { Codec, Reason } from '../wire/codec.js';
import { AcceptQueue } from './accept-queue.js';
import { clockOf } from './clock.js';
import type { Closing } from './closing.js';
import { Heartbeat } from './heartbeat.js';
import { rememberUnread } from './left-unread.js';
import { MuxStream } from './mux-stream.js';
import { ReceiveRoom } from './receive-room.js';
import { Room } from './room.js';
import { SendRoom } from './send-room.js';
import type { Settings } from './settings.js';
import type { StreamHost } from './stream-host.js';
import { StreamTable } from './stream-table.js';
import { TokenBucket } from './token-bucket.js';
import { Writer } from './writer.js';

// Where the wire tells no round trip (smux), and before the first is known: windows grow on links of up to four times as much.
const ASSUMED_RTT_MS = 100;
// A rapid reset (CVE-2023-44487) gets past the limit of open streams, since it does not wait. A reset after an answer held its place
// until then, as a user who leaves does, and counts less.
const ANSWERED_RESET = 1 / 4;

/** Why reading waits: bytes are unread, one more stream has no room, or answers cannot be sent. */
export type HoldReason = 'unread' | 'full' | 'congested';

/** What the core tells the session around it. */
export interface CoreOwner {
  /** The session is over, now: because of `error`, or because both sides were done. */
  onEnd(error: MuxError | undefined, reason: Reason): void;
  /** No stream is left. */
  onIdle(): void;
  /** Everything that could be sent was handed to the transport. */
  onFlushed(): void;
  /** Reading has to wait for a reason, or not for this one any more. */
  onHold(reason: HoldReason, isHeld: boolean): void;
  /** True while reading waits. */
  readonly isHolding: boolean;
  onRoundTrip(ms: number): void;
  /** Something has to be looked at in a while. */
  onWatch(): void;
}

/** The parts of a session and what they share: the streams, what is sent, what is accepted, what is counted. */
export class Core implements StreamHost<MuxStream> {
  readonly conn: Conn;
  readonly settings: Settings;
  readonly codec: Codec;
  readonly table: StreamTable;
  readonly writer: Writer;
  readonly accepts: AcceptQueue;
  readonly heartbeat: Heartbeat;
  readonly room: Room;
  readonly now: () => number;
  readonly rules: WindowRules;
  readonly opens: TokenBucket;
  readonly resets: TokenBucket;
  readonly junk: TokenBucket;
  readonly receiveRoom: ReceiveRoom;
  readonly sendRoom: SendRoom;
  readonly owner: CoreOwner;
  bytesRead = 0;
  framesRead = 0;
  streamsOpened = 0;
  streamsAccepted = 0;
  /** New streams of the peer are refused. */
  isDraining = false;
  /** The bytes left to send, once the session is being closed. */
  closing: Closing | undefined;
  /** Nothing of it counts any more. */
  isOver = false;

  constructor(conn: Conn, settings: Settings, owner: CoreOwner) {
    this.conn = conn;
    this.settings = settings;
    this.codec = settings.codec;
    this.owner = owner;
    const now = (this.now = clockOf(settings.scheduler));
    this.table = new StreamTable(settings.codec.traits, settings.role);
    this.accepts = new AcceptQueue(settings.acceptBacklog, settings, {
      mayGive: (waiting) => this.table.inbound - waiting < settings.maxStreams,
      onRoom: () => {
        this.room.look();
      },
    });
    this.receiveRoom = new ReceiveRoom(settings.receiveBudgetBytes, settings.budget, settings.windowBytes, {
      isOver: () => this.isOver,
      onHold: (isHeld) => {
        owner.onHold('unread', isHeld);
        // Other sessions may make room.
        owner.onWatch();
      },
      onRoom: () => {
        this.room.look();
      },
      shed: () => this.#shed(),
    });
    this.sendRoom = new SendRoom(new SharedSendBudget(settings.sendBudgetBytes), settings.sendBudget);
    this.opens = new TokenBucket(settings.openRate, now);
    this.resets = new TokenBucket(settings.resetRate, now);
    this.junk = new TokenBucket(settings.junkRate, now);
    this.writer = new Writer(conn, settings.codec, settings.maxFrameBytes, {
      onCongested: (isHeld) => {
        owner.onHold('congested', isHeld);
      },
      onFlushed: () => {
        owner.onFlushed();
      },
      onBlocked: () => {
        owner.onWatch();
      },
    });
    this.heartbeat = new Heartbeat(this);
    this.room = new Room(this);
    this.rules = {
      grantedBytes: settings.codec.traits.initialWindowBytes,
      initialBytes: settings.windowBytes,
      usableBytes: settings.codec.traits.clampsWindow === true ? settings.codec.traits.initialWindowBytes : Infinity,
      maxBytes: settings.maxWindowBytes,
      reachedBytes: 0,
      onGrown: () => {
        owner.onWatch();
      },
      rttMs: () => this.heartbeat.lowestRttMs ?? ASSUMED_RTT_MS,
      now,
      budgets: [this.receiveRoom.own, settings.budget],
    };
  }

  get sendBufferBytes(): number {
    // What fits into the window is on its way as of the next flush: the bound is for what comes on top.
    const { initialWindowBytes } = this.codec.traits;
    return this.settings.sendBufferBytes + (initialWindowBytes === Infinity ? 0 : initialWindowBytes);
  }

  /** A stream of either side, not in the table yet. */
  stream(isLocal: boolean, weight: number): MuxStream {
    const { initialWindowBytes } = this.codec.traits;
    const stream = new MuxStream(this, new ReceiveWindow(this.rules), initialWindowBytes, weight);
    stream.isLocal = isLocal;
    stream.isAccepted = !isLocal || !this.codec.traits.confirms;
    stream.isUnopened = isLocal && this.codec.traits.lazyOpen;
    return stream;
  }

  ready(stream: MuxStream): void {
    // One that waits to be opened gets its turn when it is.
    if (stream.streamId === 0) return;
    if (stream.sendWindowBytes > 0 || stream.isEndDue) this.writer.ready(stream);
    else this.waits();
  }

  consumed(stream: MuxStream, bytes: number): void {
    this.receiveRoom.released(stream.window, bytes);
    this.spent(stream, bytes);
  }

  /** Bytes make room in the window again. Reading may have gone on meanwhile, to the end of this very stream. */
  spent(stream: MuxStream, bytes: number): void {
    const isDue = stream.window.consume(bytes);
    if (isDue && !stream.remoteEnded && !stream.isOver) this.writer.owes(stream);
  }

  held(stream: MuxStream, bytes: number): void {
    this.receiveRoom.arrived(stream.window, bytes);
  }

  onHeld(): void {
    this.receiveRoom.onOffered();
  }

  // The budget of the process is full, and this session holds the most.
  #shed(): boolean {
    const stream = this.table.newestUnread;
    if (stream === undefined || this.isOver) return false;
    if (!this.count(this.resets, 'bytes that are not read')) return true;
    const { maxBytes } = this.settings.budget;
    const text = `unread bytes fill the budget of ${maxBytes}, and the session of stream ${stream.streamId} holds the most`;
    stream._destroy(new OverflowError('ERR_MUX_OVERFLOW', text, stream.facts('library')));
    return true;
  }

  get isBlocked(): boolean {
    return this.writer.isBlocked;
  }

  cancelled(stream: MuxStream): void {
    if (this.settings.onCancel === 'drain') return;
    stream._destroy(new MuxError('ERR_MUX_ABORT', 'the reader left before the end', stream.facts('local')));
  }

  reset(stream: MuxStream, error: MuxError): void {
    // Of a stream that waits, or of which nothing was sent, the peer knows nothing.
    if (this.table.streams.get(stream.streamId) === undefined || stream.isUnopened) return;
    this.refuse(stream.streamId, reasonOf(error), error.wireCode);
  }

  waits(): void {
    this.owner.onWatch();
  }

  over(stream: MuxStream, wentWell: boolean): boolean {
    if (!this.table.remove(stream)) return false;
    if (wentWell) this.resets.refund();
    stream.window.release();
    if (!stream.isWaiting) this.accepts.forget(stream);
    if (stream.window.arrivedBytes > 0) rememberUnread(stream, this.receiveRoom);
    return true;
  }

  gone(): void {
    this.owner.onIdle();
  }

  /** Resets a stream on the wire, once. */
  refuse(id: number, reason: Reason, wireCode?: number): void {
    if (!this.table.answer(id)) return;
    const { slab, at } = this.writer.room();
    this.writer.control(this.codec.encoder.reset(slab, at, id, wireCode ?? this.codec.codeOf(reason)));
  }

  /** True while we read nothing because of our own program: only protocols without windows, or without a reset, come to that. */
  get holdsReading(): boolean {
    return this.receiveRoom.isHeld || this.room.isAwaited;
  }

  /** New streams of the peer are refused from now on. */
  drain(): void {
    this.isDraining = true;
    this.room.look();
  }

  /** The peer broke the rules of the session. */
  violation(code: 'ERR_MUX_FRAME' | 'ERR_MUX_FLOW_CONTROL' | 'ERR_MUX_STREAM_STATE', text: string, id?: number): void {
    const facts = { scope: 'session', initiator: 'remote', streamId: id } as const;
    this.owner.onEnd(
      new ProtocolError(code, text, facts),
      code === 'ERR_MUX_FLOW_CONTROL' ? 'flowControl' : 'protocol',
    );
  }

  /** Counts against a bucket; past it the session ends, and false comes back. */
  count(bucket: TokenBucket, what: string, worth = 1): boolean {
    if (bucket.take(worth)) return true;
    const { burst, perSecond } = bucket.rate;
    const text = `the peer sent too many ${what}: allowed are ${burst} at once, then ${perSecond} a second`;
    const error = new ProtocolError('ERR_MUX_CALM', text, { scope: 'session', initiator: 'remote' });
    this.owner.onEnd(error, 'calm');
    return false;
  }

  /** The same for a stream that the peer reset. */
  countReset(stream: MuxStream): boolean {
    const isAnswered = (stream.isLocal ? stream.bytesRead : stream.sentBytes) > 0;
    return this.count(this.resets, 'resets', isAnswered ? ANSWERED_RESET : 1);
  }

  /** The session is over. Unread bytes count until they are read. */
  end(): void {
    this.isOver = true;
    this.receiveRoom.end();
  }
}

/** The word for why a stream of ours is reset. */
function reasonOf(error: MuxError): Reason {
  if (error.code === 'ERR_MUX_FLOW_CONTROL') return 'flowControl';
  if (error.code === 'ERR_MUX_STREAM_STATE') return 'streamClosed';
  if (error.code === 'ERR_MUX_REFUSED') return 'refused';
  return error.initiator === 'local' ? 'cancel' : 'internal';
}

/** What a stream of ours tells that the peer refused, or reset. */
export function resetError(codec: Codec, stream: MuxStream, wireCode: number): MuxError {
  const reason = codec.reasonOf(wireCode);
  const isRefused =
    stream.isLocal &&
    stream.bytesRead === 0 &&
    (reason === 'refused' || reason === 'backlogFull' || (codec.traits.confirms && !stream.isAccepted));
  const facts = { ...stream.facts('remote'), wireCode, retryable: isRefused };
  const name = reason === undefined || reason === 'none' ? '' : ` (${reason})`;
  if (isRefused) return new ResetError('ERR_MUX_REFUSED', `the peer refused stream ${stream.streamId}${name}`, facts);
  const text = `the peer reset stream ${stream.streamId} with code ${wireCode}${name}`;
  return new ResetError('ERR_MUX_RESET', text, facts);
}
