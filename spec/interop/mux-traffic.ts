import { createHash, randomBytes } from 'node:crypto';
import type { Session } from '../../src/session/session.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { TrafficKind } from './mux-peer.js';

const HEADER_BYTES = 9;
const CHUNK_BYTES = 65_536;

/** The first nine bytes of a stream: what is to be done with it. */
export function trafficHeader(kind: keyof typeof TrafficKind, n = 0): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(TrafficKind[kind], 'latin1');
  header.writeBigUInt64BE(BigInt(n), 1);
  return header;
}

const NOISE = randomBytes(CHUNK_BYTES);

/** `bytes` bytes in chunks; the same each time, and no two chunks alike. */
export function* pattern(bytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const chunk = Buffer.from(NOISE.subarray(0, Math.min(CHUNK_BYTES, bytes - at)));
    if (chunk.length >= 4) chunk.writeUInt32LE(at);
    yield chunk;
  }
}

/** SHA-256 in hex. */
export function sha256(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** Writes chunks as fast as the stream takes them, then half-closes. */
export async function send(stream: MuxStream, chunks: Iterable<Uint8Array>): Promise<void> {
  const writer = stream.writable.getWriter();
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

/** Reads to the end. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads to the end, and gives count and SHA-256. */
export async function digest(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Sends bytes to be echoed on a new stream, and checks nothing: gives what came back. */
export async function echo(session: Session, bytes: number): Promise<{ bytes: number; sha256: string }> {
  const stream = session.open();
  stream.next(trafficHeader('echo'));
  const [back] = await Promise.all([digest(stream), send(stream, pattern(bytes))]);
  return back;
}

/** Does what the streams of the other end ask for, like the Go program's `serve`. */
export function serveTraffic(session: Session): void {
  session.accept$.subscribe({
    next: (stream) => {
      // One whose peer goes away in the middle has nobody to tell.
      serve(session, stream).catch(() => undefined);
    },
    error: () => undefined,
  });
}

async function serve(session: Session, stream: MuxStream): Promise<void> {
  const incoming: AsyncIterator<Uint8Array, undefined> = stream[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEADER_BYTES) {
    const { done, value } = await incoming.next();
    if (done === true) return;
    head = Buffer.concat([head, value]);
  }
  const n = Number(head.readBigUInt64BE(1));
  const body = prepend(head.subarray(HEADER_BYTES), incoming);
  switch (head.toString('latin1', 0, 1)) {
    case TrafficKind.echo:
      await copy(body, stream);
      break;
    case TrafficKind.sink:
      await sink(body, stream, n);
      break;
    case TrafficKind.hash:
      stream.next(Buffer.from((await digest(body)).sha256));
      stream.complete();
      break;
    case TrafficKind.reset:
      if (head.length === HEADER_BYTES) await incoming.next();
      stream.reset(n);
      break;
    case TrafficKind.goAway:
      session.goAway();
      await copy(body, stream);
      break;
    case TrafficKind.type: {
      const type = Buffer.alloc(4);
      type.writeUInt32BE(stream.meta.type ?? 0);
      stream.next(type);
      stream.complete();
      break;
    }
  }
}

async function* prepend(first: Uint8Array, rest: AsyncIterator<Uint8Array, undefined>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) return;
    yield value;
  }
}

async function copy(from: AsyncIterable<Uint8Array>, to: MuxStream): Promise<void> {
  const writer = to.writable.getWriter();
  for await (const chunk of from) await writer.write(chunk);
  await writer.close();
}

async function sink(from: AsyncIterable<Uint8Array>, to: MuxStream, bytes: number): Promise<void> {
  let left = bytes;
  for await (const chunk of from) {
    left -= chunk.length;
    if (left <= 0) break;
  }
  to.next(Uint8Array.of(1));
  to.complete();
}
