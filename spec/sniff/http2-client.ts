import * as nodeHttp2 from 'node:http2';
import { Duplex } from 'node:stream';
import { framesFrom, HTTP2_PREFACE, type Frame } from '../../src/sniff/http2-frame.js';

/** The octets of some text and bytes in a row. */
export function octets(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'number') return Buffer.of(part);
        return typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
      }),
    ),
  );
}

interface FrameParts {
  readonly flags?: number;
  readonly streamId?: number;
  readonly payload?: Uint8Array;
  /** What the header claims; the truth unless given. */
  readonly length?: number;
}

/** A frame as it is on the wire. */
export function frame(
  type: number,
  { flags = 0, streamId = 0, payload = octets(), length }: FrameParts = {},
): Uint8Array {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length ?? payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return octets(header, payload);
}

/** What a client begins with: preface and empty SETTINGS. */
export const opening = octets(HTTP2_PREFACE, frame(4));

export const settingsAck = frame(4, { flags: 1 });

/** An integer of HPACK whose first octet has `high` above the prefix (RFC 7541 §5.1). */
export function hpackInteger(value: number, prefixBits: number, high = 0): Uint8Array {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Uint8Array.of(high | value);
  const rest: number[] = [];
  let left = value - most;
  for (; left >= 128; left = Math.floor(left / 128)) rest.push((left % 128) | 128);
  return Uint8Array.of(high | most, ...rest, left);
}

/** A plain string literal of HPACK. */
export const hpackString = (text: string): Uint8Array => octets(hpackInteger(text.length, 7), text);

/** A field as a plain literal, put into the dynamic table if `indexing`. */
export const hpackLiteral = (name: string, value: string, indexing = false): Uint8Array =>
  octets(indexing ? 0x40 : 0, hpackString(name), hpackString(value));

/** A header block of plain literals, none of them indexed. */
export const headerBlock = (fields: Readonly<Record<string, string>>): Uint8Array =>
  octets(...Object.entries(fields).map(([name, value]) => hpackLiteral(name, value)));

/** The first flight of a client whose request has these fields, in one HEADERS frame. */
export const requestFlight = (fields: Readonly<Record<string, string>>): Uint8Array =>
  octets(opening, frame(1, { flags: 5, streamId: 1, payload: headerBlock(fields) }));

/**
 * What a client of `node:http2`, that is nghttp2, writes for these requests on one connection. Nothing answers it but
 * perhaps a SETTINGS with a size for its HPACK table.
 */
export async function recordedRequests(
  requests: readonly nodeHttp2.OutgoingHttpHeaders[],
  tableBytes?: number,
): Promise<Uint8Array> {
  const sent: Buffer[] = [];
  let arrived = (): void => undefined;
  const wire = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      arrived();
      done();
    },
  });
  const session = nodeHttp2.connect('http://rxmux.test', { createConnection: () => wire });
  session.on('error', () => undefined);
  if (tableBytes !== undefined) {
    wire.push(frame(4, { payload: octets(0, 1, 0, 0, tableBytes >> 8, tableBytes & 255) }));
    await new Promise<void>((resolve) => {
      session.once('remoteSettings', () => {
        resolve();
      });
    });
  }
  const complete = new Promise<void>((resolve) => {
    arrived = () => {
      if (blocksOf(octets(...sent)).length === requests.length) resolve();
    };
  });
  for (const headers of requests) session.request(headers, { endStream: true }).on('error', () => undefined);
  await complete;
  session.destroy();
  return octets(...sent);
}

/** The complete header blocks in a recording, padding and priority taken off. */
export function blocksOf(recording: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  for (const { type, flags, payload, end } of wholeFrames(recording)) {
    if (type !== 1 && type !== 9) continue;
    parts.push(recording.subarray(payload + (type === 1 && (flags & 0x20) !== 0 ? 5 : 0), end));
    if ((flags & 4) === 0) continue;
    blocks.push(octets(...parts));
    parts = [];
  }
  return blocks;
}

function wholeFrames(recording: Uint8Array): Frame[] {
  return [...framesFrom(recording, HTTP2_PREFACE.length)].filter(({ end }) => end <= recording.length);
}
