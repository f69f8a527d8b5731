// What the streams of all peers carry, the Go program's too: nine bytes first, a kind and n as u64 big endian.
const HEADER_BYTES = 9;
const ECHO = 'E'.charCodeAt();
const SINK = 'S'.charCodeAt();
const SOURCE = 'D'.charCodeAt();

const header = (kind, n) => {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes[0] = kind;
  bytes.writeBigUInt64BE(BigInt(n), 1);
  return bytes;
};

/** Begins a stream whose bytes come back as they are. */
export const echoHeader = header(ECHO, 0);
/** Begins a stream on which the other end reads `n` bytes, then answers with one byte. */
export const sinkHeader = (n) => header(SINK, n);
/** Begins a stream on which the other end sends as fast as it can, without end. */
export const sourceHeader = header(SOURCE, 0);

/** The bytes of one write. */
export const CHUNK = Buffer.alloc(65_536);
/** A small message. */
export const MESSAGE = Buffer.alloc(64);
const DONE = Buffer.of(1);

/** Serves one stream: does what its first nine bytes ask for, and ends it when the other end does. */
export function serve(channel) {
  let head = Buffer.alloc(0);
  let kind = 0;
  let left = 0;
  const take = (chunk) => {
    if (kind === ECHO) channel.send(chunk);
    else if (kind === SINK) {
      left -= chunk.length;
      if (left < 0) throw new Error(`${-left} bytes more than the stream was to have`);
      if (left === 0) channel.send(DONE);
    }
  };
  const takeFirst = (chunk) => {
    head = head.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([head, chunk]);
    if (head.length < HEADER_BYTES) return;
    kind = head[0];
    left = Number(head.readBigUInt64BE(1));
    const rest = head.subarray(HEADER_BYTES);
    if (kind === SOURCE) channel.sendAll(() => CHUNK);
    else if (rest.length > 0) take(rest);
  };
  channel.receive(
    (chunk) => (kind === 0 ? takeFirst(chunk) : take(chunk)),
    () => channel.end(),
  );
}

const ignore = () => {};

/** Holds one stream after a message of each side: what it costs to be there. */
export function hold(channel) {
  channel.receive(ignore, ignore);
  channel.send(MESSAGE);
}
