import { Duplex } from 'node:stream';
import type { ReadableByteStreamController, UnderlyingByteSource, UnderlyingSource } from 'node:stream/web';
import { MessageChannel, type Transferable } from 'node:worker_threads';
import { firstValueFrom } from 'rxjs';
import type { WebStreams } from '../../src/conn/web-streams-conn.js';
import { loopback } from '../net/loopback.js';

/** Two ends of one connection as Web Streams, and how to take down what it took. */
export interface JoinedStreams {
  readonly near: WebStreams;
  readonly far: WebStreams;
  readonly down: () => void;
}

/** One direction. */
type Lane = TransformStream<Uint8Array, Uint8Array>;
type JoinStreams = () => Promise<JoinedStreams>;

const nothing = (): void => undefined;

function crossed(there: Pick<Lane, 'readable' | 'writable'>, back: Pick<Lane, 'readable' | 'writable'>): JoinedStreams {
  return {
    near: { readable: back.readable, writable: there.writable },
    far: { readable: there.readable, writable: back.writable },
    down: nothing,
  };
}

/** A direction whose readable is a stream of bytes: it takes the memory of what is written away from the writer. */
export function byteLane(): Pick<Lane, 'readable' | 'writable'> {
  let pulled = nothing;
  let fail: (reason: unknown) => void = nothing;
  let inbound: Pick<ReadableByteStreamController, 'enqueue' | 'close' | 'error'> | undefined;
  const source: UnderlyingByteSource = {
    type: 'bytes',
    start: (controller) => void (inbound = controller),
    pull: () => {
      pulled();
    },
    cancel: (reason) => {
      fail(reason);
      pulled();
    },
  };
  const readable = new ReadableStream<Uint8Array>(source as unknown as UnderlyingSource<Uint8Array>);
  const writable = new WritableStream<Uint8Array>({
    start: (controller) => void (fail = (reason) => controller.error(reason)),
    write: (chunk) =>
      new Promise((resolve) => {
        pulled = resolve;
        inbound?.enqueue(chunk);
      }),
    close: () => {
      inbound?.close();
    },
    abort: (reason) => {
      inbound?.error(reason);
    },
  });
  return { readable, writable };
}

async function overSockets(): Promise<JoinedStreams> {
  const server = await loopback();
  const accepted = firstValueFrom(server.conns$);
  const client = await server.connect();
  const streams = (duplex: Duplex): WebStreams => Duplex.toWeb(duplex);
  return {
    near: streams(client),
    far: streams((await accepted).duplex()),
    down: () => {
      server.close();
    },
  };
}

/** What comes out of a MessageChannel, as in a worker. */
async function transferred<T>(value: T, transfer: readonly Transferable[]): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  const arrived = new Promise<T>((resolve) => {
    port2.once('message', resolve);
  });
  port1.postMessage(value, transfer);
  const there = await arrived;
  port1.close();
  return there;
}

async function overPorts(): Promise<JoinedStreams> {
  const { near, far, down } = crossed(new TransformStream(), new TransformStream());
  return { near, far: await transferred(far, [far.readable, far.writable]), down };
}

/**
 * Node's own pair over a socket. Its readable does not end before its writable has, and aborting it sends FIN, so what half-closes
 * or resets is tried with the other kinds.
 */
export const NODE_PAIR: readonly [name: string, join: JoinStreams] = ['Duplex.toWeb of TCP', overSockets];

/** Every kind of pair that half-closes and resets. */
export const STREAM_PAIRS: readonly (readonly [name: string, join: JoinStreams])[] = [
  ['TransformStreams', () => Promise.resolve(crossed(new TransformStream(), new TransformStream()))],
  ['streams of bytes', () => Promise.resolve(crossed(byteLane(), byteLane()))],
  ['streams that were transferred', overPorts],
];
