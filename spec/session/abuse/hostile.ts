import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { firstValueFrom } from 'rxjs';
import type { Conn } from '../../../src/conn/conn.js';
import type { MuxError } from '../../../src/errors.js';
import { flowTo } from '../../../src/flow/flow-to.js';
import type { SessionOptions } from '../../../src/session/options.js';
import { session, type Session } from '../../../src/session/session.js';
import { statsOf, type SessionStats } from '../../../src/session/stats.js';
import { memoryPipe, type MemoryPipeOptions } from '../../../src/testing/memory-pipe.js';
import type { Codec } from '../../../src/wire/codec.js';
import { encodeFrame } from '../../../src/wire/encode-frame.js';
import { FrameTap } from '../../../src/wire/frame-tap.js';
import type { Frame } from '../../../src/wire/frame.js';
import { yamux } from '../../../src/wire/index.js';
import { Clock, ends, turn, turnsUntil } from '../session-ends.js';

/** A peer that means harm, its victim, and a session of somebody else in the same process. */
export interface Hostile {
  readonly victim: Session;
  readonly conn: Conn;
  readonly clock: Clock;
  /** What came back, counted by kind and, of resets, code: kept as it is it would be the memory that is measured. */
  readonly replies: Map<string, number>;
  /** Why the session ended early; undefined while it lives. */
  readonly error: () => MuxError | undefined;
  readonly stats: () => SessionStats;
  /** Writes without asking whether it may. */
  write(bytes: Uint8Array): void;
  send(...frames: readonly Frame[]): void;
  /** Writes `count` times what `bytes` gives for each number, `batch` of them a chunk, until the session is over. */
  flood(count: number, bytes: (n: number) => Uint8Array, batch?: number): Promise<void>;
}

/** How {@link hostile} behaves. */
export interface HostileOptions extends Partial<SessionOptions> {
  readonly codec: Codec;
  /** False for a peer that never reads what it is sent. */
  readonly reads?: boolean;
  readonly pipe?: MemoryPipeOptions;
}

/** A session whose peer is hostile; its clock stands still unless it is moved. */
export function hostile({ reads = true, pipe = {}, ...options }: HostileOptions): Hostile {
  const clock = new Clock();
  const [conn, ours] = memoryPipe({ scheduler: clock, ...pipe });
  const replies = new Map<string, number>();
  const decoder = options.codec.decoder(
    new FrameTap((frame) => {
      const name = frame.kind === 'reset' ? `reset ${frame.code}` : frame.kind;
      replies.set(name, (replies.get(name) ?? 0) + 1);
    }),
  );
  if (reads) {
    conn.subscribe({
      next: (bytes) => {
        decoder.push(bytes);
      },
      error: () => undefined,
    });
  }
  const victim = session(ours, { role: 'server', keepAlive: false, scheduler: clock, ...options });
  let error: MuxError | undefined;
  let isOver = false;
  victim.closed$.subscribe((closed) => {
    isOver = true;
    error = closed.error;
  });
  const neighbour = neighbourEchoes();
  const write = (bytes: Uint8Array): void => {
    conn._write(bytes);
  };
  return {
    victim,
    conn,
    clock,
    replies,
    error: () => error,
    stats: () => statsOf(victim._life.core),
    write,
    send(...frames) {
      for (const frame of frames) write(encodeFrame(options.codec, frame));
    },
    async flood(count, bytes, batch = 10_000) {
      for (let n = 0; n < count && !isOver; n += batch) {
        write(Buffer.concat(Array.from({ length: Math.min(batch, count - n) }, (_, i) => bytes(n + i))));
        await neighbour();
      }
    },
  };
}

/** A session of two honest ends; each call opens a stream and waits for its echo, which fails when it takes 1000 turns. */
export function neighbourEchoes(): () => Promise<void> {
  const { client, server } = ends(yamux());
  server.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
  return async () => {
    const stream = client.open();
    let echoed = 0;
    stream.subscribe((bytes) => (echoed += bytes.length));
    stream.next(new Uint8Array(64));
    stream.complete();
    await turnsUntil(() => echoed === 64);
    await firstValueFrom(stream.closed$);
  };
}

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

/** By how many bytes the old generation grows while 100,000 come and go by `churn`, after 10,000 and a full collection. */
export function promotedBytes(churn: (count: number) => void): number {
  const oldBytes = (): number =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? NaN;
  churn(10_000);
  collectGarbage();
  const before = oldBytes();
  churn(100_000);
  return oldBytes() - before;
}

/** Bytes that the process holds on to: its heap and what buffers have outside of it, without garbage. */
export async function heldMemory(): Promise<number> {
  // What one collection finds dead, buffers above all, the next one gives back.
  for (let n = 0; n < 3; n++) {
    collectGarbage();
    await turn();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** By how many bytes the memory of the process grew; what `act` leaves behind has to be held by whoever asks. */
export async function growthOf(act: () => unknown): Promise<number> {
  const before = await heldMemory();
  await act();
  return (await heldMemory()) - before;
}

/** Frames as bytes of `codec`. */
export const bytesOf = (codec: Codec, ...frames: readonly Frame[]): Uint8Array =>
  Buffer.concat(frames.map((frame) => encodeFrame(codec, frame)));

/** Both numbers that a message has to have. */
export const tells = (error: MuxError | undefined, ...numbers: readonly number[]): boolean =>
  numbers.every((number) => new RegExp(`(?<!\\d)${number}(?!\\d)`).test(error?.message ?? ''));

/** The id of the peer's stream number `n`. */
export const idOf = ({ traits }: Codec, n: number): number => traits.firstId.client + 2 * n;

/** The frames that give the acceptor a stream. */
export function opening(codec: Codec, id: number): readonly Frame[] {
  const open: Frame = { kind: 'open', id };
  return codec.traits.streamType === 'prefix' ? [open, { kind: 'data', id, bytes: new Uint8Array(4) }] : [open];
}

/** Streams that were refused, or reset; where the wire has no reset, ended. */
export function refusals({ replies, victim }: Hostile): number {
  const said = victim._life.core.codec.traits.reset === 'none' ? 'end' : 'reset';
  return [...replies].reduce((sum, [name, count]) => (name.startsWith(said) ? sum + count : sum), 0);
}

/** Starts a handler for each stream, which runs on whatever becomes of its stream. */
export function handlers({ victim }: Hostile): () => number {
  let running = 0;
  victim.accept$.subscribe((stream) => {
    running++;
    stream.subscribe({ error: () => undefined });
  });
  return () => running;
}
