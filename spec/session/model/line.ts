import type { MuxStream } from '../../../src/session/mux-stream.js';
import type { Action, Side } from './actions.js';
import { Half } from './half.js';

/** One stream with both of its ends, as far as they are there. */
export class Line {
  readonly opener: Side;
  /** The two ends, by side; the one that did not open it comes when it is accepted. */
  readonly ends: [MuxStream | undefined, MuxStream | undefined] = [undefined, undefined];
  /** By the side that writes. */
  readonly halves: readonly [Half, Half];
  /** Sides that reset it, or whose leaving did. */
  readonly resetBy = new Set<Side>();
  /** How `closed$` told the end, by side: an error code, or `done`. */
  readonly closed: [string | undefined, string | undefined] = [undefined, undefined];
  /** Sides whose end told that it is safe to try again. */
  readonly retryable = new Set<Side>();
  readonly type: number | undefined;

  constructor(opener: Side, key: number, type: number | undefined, faults: string[]) {
    this.opener = opener;
    this.type = type;
    this.halves = [
      new Half(`#${key} to the server`, 2 * key, faults),
      new Half(`#${key} to the client`, 2 * key + 1, faults),
    ];
  }

  meet(side: Side, stream: MuxStream): void {
    this.ends[side] = stream;
    stream.closed$.subscribe(({ error }) => {
      this.closed[side] = error?.code ?? 'done';
      if (error?.retryable === true) this.retryable.add(side);
    });
  }

  get near(): MuxStream | undefined {
    return this.ends[this.opener];
  }
  get isAccepted(): boolean {
    return this.ends[other(this.opener)] !== undefined;
  }

  /** One side gave it up, or one direction of it, before its end. */
  get isLeft(): boolean {
    return this.resetBy.size > 0 || this.halves.some(({ cancelled }) => cancelled);
  }

  act(action: Extract<Action, { on: number }>, onCancel: 'drain' | 'reset'): void {
    const stream = this.ends[action.by];
    if (stream === undefined) return;
    const outbound = this.halves[action.by];
    const inbound = this.halves[other(action.by)];
    switch (action.do) {
      case 'write':
        outbound.write(stream, action.bytes);
        break;
      case 'end':
        outbound.end(stream);
        break;
      case 'read':
        inbound.want(stream, action.bytes, action.isLate);
        break;
      case 'pause':
        inbound.pause();
        break;
      case 'cancelRead':
        if (onCancel === 'reset') this.resetBy.add(action.by);
        inbound.cancel(stream);
        break;
      case 'reset':
        this.resetBy.add(action.by);
        stream.reset(action.code);
    }
  }

  /** Both sides write no more, and read all that comes. */
  finish(): void {
    for (const side of [0, 1] as const) {
      const stream = this.ends[side];
      if (stream === undefined) continue;
      this.halves[side].end(stream);
      this.halves[other(side)].want(stream, Infinity, false);
    }
  }
}

export function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}
