import { expect } from '@jest/globals';
import { receiveBudget } from '../../../src/session/options.js';
import type { MuxStream } from '../../../src/session/mux-stream.js';
import { session, type Session } from '../../../src/session/session.js';
import { memoryPipe } from '../../../src/testing/memory-pipe.js';
import type { Codec } from '../../../src/wire/codec.js';
import { Clock, turn } from '../session-ends.js';
import type { Action, Setting, Side } from './actions.js';
import { Cable } from './cable.js';
import { Line, other } from './line.js';

const SIDES = [0, 1] as const;
const PROCESS_BYTES = 1 << 30;

/** Two sessions joined by cables, what is done with them, and what has to hold all the while. */
export class Run {
  readonly #codec: Codec;
  readonly #setting: Setting;
  readonly #clock = new Clock();
  readonly #budget = receiveBudget({ maxBytes: PROCESS_BYTES });
  readonly #sessions: readonly [Session, Session];
  /** By the side that sends. */
  readonly #cables: readonly [Cable, Cable];
  readonly #lines: Line[] = [];
  // Of each side, those that are over among them: what they have not read counts.
  readonly #streams: readonly [Set<MuxStream>, Set<MuxStream>] = [new Set(), new Set()];
  readonly #faults: string[] = [];
  readonly #ended: [string | undefined, string | undefined] = [undefined, undefined];
  /** Ids that a side knew of when it said goAway. */
  readonly #left: [Set<number> | undefined, Set<number> | undefined] = [undefined, undefined];
  #isFinishing = false;

  constructor(codec: Codec, setting: Setting) {
    this.#codec = codec;
    this.#setting = setting;
    const { capacityBytes, cuts, options } = setting;
    const [client, atClient] = memoryPipe({ capacityBytes });
    const [server, atServer] = memoryPipe({ capacityBytes });
    this.#cables = [new Cable(atClient, atServer, cuts), new Cable(atServer, atClient, cuts)];
    const both = { ...options, codec, keepAlive: false, scheduler: this.#clock, budget: this.#budget } as const;
    this.#sessions = [session(client, { ...both, role: 'client' }), session(server, { ...both, role: 'server' })];
    for (const side of SIDES) {
      const { accept$, closed$ } = this.#sessions[side];
      accept$.subscribe((stream) => this.#accepted(side, stream));
      closed$.subscribe(({ error }) => (this.#ended[side] = error?.code ?? 'done'));
    }
  }

  async do(action: Action): Promise<void> {
    if (action.do === 'turn') await turn();
    else if (action.do === 'settle') await this.#settle();
    else if (action.do === 'carry') this.#cables[action.by].carry(action.bytes);
    else if (action.do === 'open') this.#open(action);
    else if (action.do === 'goAway') this.#goAway(action.by);
    else if ('on' in action)
      this.#lines[action.on % this.#lines.length]?.act(action, this.#setting.options.onCancel ?? 'drain');
    this.#checkBooks();
  }

  /** All is written and read to its end, and both sessions go. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    for (const line of this.#lines) line.finish();
    await this.#settle();
    // What a peer without resets has left, it takes no more of: that is given up in time.
    if (this.#codec.traits.reset === 'none') await this.#clock.pass(60_000);
    await this.#settle();
    this.#checkBooks();
    for (const { streams } of this.#sessions) expect(streams.map(({ streamId }) => streamId)).toEqual([]);
    for (const line of this.#lines) this.#checkEnd(line);
    for (const side of SIDES) this.#goAway(side);
    await this.#settle();
    this.#checkOver();
  }

  #open({ by, type, weight, eager }: Extract<Action, { do: 'open' }>): void {
    const { streamType } = this.#codec.traits;
    const line = new Line(by, this.#lines.length, streamType === 'none' ? undefined : type, this.#faults);
    this.#lines.push(line);
    line.meet(by, this.#sessions[by].open({ weight, eager, ...(line.type === undefined ? {} : { type: line.type }) }));
    const isLeft = this.#left[by] !== undefined;
    if (isLeft && line.closed[by] === undefined) this.#faults.push('a stream was opened after our goAway');
  }

  #accepted(side: Side, stream: MuxStream): void {
    this.#streams[side].add(stream);
    const line = this.#lines.find(({ opener, near }) => opener !== side && near?.streamId === stream.streamId);
    const left = this.#left[side];
    if (line === undefined || line.isAccepted) this.#faults.push(`stream ${stream.streamId} came from nowhere`);
    else if (left?.has(stream.streamId) === false) this.#faults.push('a stream came after our goAway');
    else if (stream.meta.type !== line.type)
      this.#faults.push(`type ${line.type ?? -1} became ${stream.meta.type ?? -1}`);
    else {
      line.meet(side, stream);
      if (this.#isFinishing) line.finish();
    }
  }

  #goAway(side: Side): void {
    this.#left[side] ??= new Set(this.#sessions[side].streams.map(({ streamId }) => streamId));
    this.#sessions[side].goAway();
  }

  /** Everything that is on its way arrives; then both ends have to agree. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      await turn();
      const moved = this.#cables.map((cable) => cable.carry(Infinity));
      quiet = moved.includes(true) ? 0 : quiet + 1;
    }
    if (this.#sessions.some(({ _life }) => _life.isHolding)) return;
    for (const line of this.#lines) for (const side of SIDES) this.#checkRest(line, side);
  }

  // What holds at any time: nobody holds more than was allowed, and the budgets know of all that is held.
  #checkBooks(): void {
    let held = 0;
    for (const side of SIDES) {
      const { _life, streams } = this.#sessions[side];
      for (const stream of streams) this.#streams[side].add(stream);
      let own = 0;
      for (const { window } of this.#streams[side]) own += window.arrivedBytes;
      // What arrived before the end of a session counts against the budget of the process until it is read.
      if (_life.isOver) {
        held += own;
        continue;
      }
      const { receiveRoom, rules, codec } = _life.core;
      const budget = receiveRoom.own;
      for (const { window } of streams) {
        own += codec.traits.credit === 'none' ? 0 : window.sizeBytes - rules.initialBytes;
        if (window.heldBytes + window.creditBytes > window.sizeBytes) this.#faults.push('more credit than window');
      }
      if (budget.usedBytes !== own) this.#faults.push(`a budget has ${budget.usedBytes} in use, streams hold ${own}`);
      held += own;
    }
    if (this.#budget.usedBytes !== held) this.#faults.push(`the budget has ${this.#budget.usedBytes}, not ${held}`);
    expect(this.#faults).toEqual([]);
  }

  // What holds when nothing is on its way, for the direction that `side` writes.
  #checkRest(line: Line, side: Side): void {
    const from = line.ends[side];
    const to = line.ends[other(side)];
    const half = line.halves[side];
    if (from === undefined || to === undefined || from.isOver || to.isOver) return;
    const arrived = half.written - from.bufferedBytes;
    const rest = { blocked: from.bufferedBytes > 0, held: to.window.heldBytes, credit: from.sendWindowBytes };
    expect(rest).toEqual({
      blocked: from.bufferedBytes > 0 && from.sendWindowBytes === 0,
      held: half.cancelled ? 0 : arrived - half.consumed,
      credit: to.remoteEnded ? from.sendWindowBytes : to.window.creditBytes,
    });
    if (half.isHungry) expect(half.read).toBe(half.written);
  }

  #checkEnd(line: Line): void {
    const { traits } = this.#codec;
    const wasReset = line.resetBy.size > 0;
    for (const side of SIDES) {
      const half = line.halves[side];
      const stream = line.ends[other(side)];
      if (half.outcome === 'complete') {
        // FIN stands in for a reset, and for a refusal, where the wire has neither.
        const isCut = traits.reset === 'none' && (wasReset || !line.isAccepted);
        expect({ ended: half.ended || isCut, whole: half.read === half.written || isCut }).toEqual({
          ended: true,
          whole: true,
        });
      } else if (stream !== undefined && !half.cancelled && line.isAccepted) {
        expect({ wasReset, outcome: half.outcome }).toEqual({ wasReset: true, outcome: expect.any(String) });
      }
      // What may be tried again, nobody has seen.
      if (line.retryable.has(side)) expect(line.isAccepted).toBe(false);
    }
    if (line.isLeft) return;
    if (line.isAccepted) expect(line.closed).toEqual(['done', 'done']);
    else expect(this.#mayRefuse(line)).toBe(true);
  }

  // Nobody takes streams after their goAway, nor opens those that waited for room; a small budget takes none either.
  #mayRefuse({ opener, near }: Line): boolean {
    const wasWaiting = this.#left[opener]?.has(near?.streamId ?? 0) === false;
    return this.#codec.traits.credit === 'none' || this.#left[other(opener)] !== undefined || wasWaiting;
  }

  #checkOver(): void {
    // A stream that one side never took, or left where the wire cannot say so, may be lost with the connection.
    const cannotSay = this.#codec.traits.reset === 'none';
    const mayLose = this.#lines.some(({ isAccepted, isLeft }) => !isAccepted || (cannotSay && isLeft));
    // Two ends that go away at once, and cannot say so, each drop what the other opened. A limit of time ends both.
    const lost = cannotSay
      ? /^(done|ERR_MUX_TRANSPORT|ERR_MUX_GOAWAY|ERR_MUX_TIMEOUT)$/
      : /^(done|ERR_MUX_TRANSPORT|ERR_MUX_GOAWAY)$/;
    for (const side of SIDES) {
      const { _life } = this.#sessions[side];
      expect({ side, ended: this.#ended[side] }).toEqual({
        side,
        ended: mayLose ? expect.stringMatching(lost) : 'done',
      });
      const { table, writer } = _life.core;
      expect(table).toMatchObject({ inbound: 0, outbound: 0, unaccepted: 0 });
      expect(writer.turns).toHaveLength(0);
    }
    this.#checkBooks();
    expect({ held: this.#budget.usedBytes, timers: this.#clock.timers }).toEqual({ held: 0, timers: 0 });
  }
}
