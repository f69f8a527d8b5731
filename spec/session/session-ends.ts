import { createHash } from 'node:crypto';
import { firstValueFrom, lastValueFrom, toArray, VirtualAction, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { SessionOptions } from '../../src/session/options.js';
import { session, type Session } from '../../src/session/session.js';
import { memoryPipe, type MemoryPipeOptions } from '../../src/testing/memory-pipe.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';

/** Every wire protocol that a session speaks. */
export const CODECS: readonly (readonly [name: string, codec: Codec])[] = [
  ['muxado 1', muxado({ version: 1 })],
  ['muxado 2', muxado()],
  ['muxado 2 with types', muxado({ typed: true })],
  ['yamux', yamux()],
  ['smux 1', smux()],
  ['smux 2', smux({ version: 2 })],
];

/** What {@link opened} writes. */
export const hello: Uint8Array = Uint8Array.from(Buffer.from('hello'));

/** What is scheduled for this tick happens; the transport is memory, so that is all there is to wait for. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Turns until `isDone`; a thousand without it are too many. */
export async function turnsUntil(isDone: () => boolean): Promise<void> {
  for (let n = 0; !isDone(); n++) {
    if (n === 1000) throw new Error('nothing came of it in 1000 turns');
    await turn();
  }
}

/** A clock that moves when it is told to, and knows who waits for it. */
export class Clock extends VirtualTimeScheduler {
  constructor() {
    super(VirtualAction, 0);
  }

  /** Timers that are running. */
  get timers(): number {
    return this.actions.filter(({ closed }) => !closed).length;
  }

  /** Time passes, and what it sets off is done at its moment. */
  async pass(ms: number): Promise<void> {
    const end = this.frame + ms;
    for (;;) {
      await turn();
      const due = this.actions.filter(({ closed }) => !closed).map(({ delay }) => delay);
      const next = Math.min(end, ...due);
      this.maxFrames = next;
      this.flush();
      this.frame = next;
      if (next === end && !due.includes(end)) return;
    }
  }
}

/** Both ends of a session, joined in memory. */
export interface Ends {
  readonly client: Session;
  readonly server: Session;
  /** The connection under each. */
  readonly conns: readonly [Conn, Conn];
  readonly clock: Clock;
}

/** Both ends of a session without heartbeats, unless asked for; `server` are options of that end alone. */
export function ends(
  codec: Codec,
  options: Partial<SessionOptions> & { readonly server?: Partial<SessionOptions> } = {},
  pipe: MemoryPipeOptions = {},
): Ends {
  const clock = new Clock();
  const { server, ...both } = options;
  const conns = memoryPipe({ scheduler: clock, ...pipe });
  const shared = { codec, keepAlive: false, scheduler: clock, ...both } as const;
  return {
    client: session(conns[0], { ...shared, role: 'client' }),
    server: session(conns[1], { ...shared, ...server, role: 'server' }),
    conns,
    clock,
  };
}

/** The streams of the peer, as they come. */
export function arrivals({ accept$ }: Session): MuxStream[] {
  const streams: MuxStream[] = [];
  accept$.subscribe((stream) => streams.push(stream));
  return streams;
}

/** A stream from client to server, with the bytes that it was opened by. */
export async function joined({ client, server }: Ends, first: Uint8Array): Promise<readonly [MuxStream, MuxStream]> {
  const near = client.open();
  near.next(first);
  const far = await firstValueFrom(server.accept$);
  await turn();
  return [near, far];
}

/** Opens a stream so that the peer hears of it. */
export function opened(session: Session): MuxStream {
  const stream = session.open();
  stream.next(hello);
  return stream;
}

/** Bytes that show when some of them are lost, doubled or swapped. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** All bytes of a stream up to its end. */
export const readAll = (conn: Conn): Promise<Uint8Array> =>
  lastValueFrom(conn.pipe(toArray())).then((chunks) => Buffer.concat(chunks));

/** The code of what ended it, or `undefined` after an orderly end. */
export const why = ({ closed$ }: Session | Conn): Promise<string | undefined> =>
  firstValueFrom(closed$ as Conn['closed$']).then(({ error }) => error?.code);
