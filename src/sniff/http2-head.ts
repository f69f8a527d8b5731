import { agreedAuthority } from '../conn/agreed-authority.js';
import { canonicalHost } from '../conn/host-name.js';
import { HeaderFields } from './header-fields.js';
import { BLOCK_MAX_BYTES, HpackDecoder } from './hpack/hpack-decoder.js';
import { FrameFlag, FrameType, framesFrom, HTTP2_PREFACE, type Frame } from './http2-frame.js';
import { matchPrefix, type FirstBytes } from './matcher.js';

/** The first request of an HTTP/2 connection. Other requests of the same connection may be quite different. */
export interface Http2Request {
  /** The `:method` as sent, such as `GET`. */
  readonly method: string;
  /** The `:path` as sent, with its query; `undefined` for CONNECT. */
  readonly path: string | undefined;
  /** Host and port, lower-case and without a dot at the end of the host: `:authority`, or else the `host` field. */
  readonly authority: string | undefined;
  /** All fields, the pseudo-header fields (`:scheme`) among them. */
  readonly headers: HeaderFields;
}

// What SETTINGS_MAX_FRAME_SIZE is before a client was told otherwise (RFC 9113 §6.5.2).
const FRAME_MAX_BYTES = 16384;
// No client is known that needs a dozen frames for its first request; each costs us work without bringing it nearer.
const MAX_FRAMES = 32;
const MAX_CONTINUATIONS = 8;

const SKIPPED: readonly number[] = [FrameType.priority, FrameType.settings, FrameType.ping, FrameType.windowUpdate];

/**
 * Reads the head of an HTTP/2 connection up to the end of its first header block (RFC 9113 §3.4, §4.3, §6).
 *
 *     preface -> SETTINGS -> SETTINGS, WINDOW_UPDATE, PRIORITY, PING, unknown: skipped
 *                         -> HEADERS -> CONTINUATION … -> END_HEADERS: decoded
 *     anything else, or past a bound: no
 *
 * It goes on where it stopped, and its answer, once it is not `'more'`, stays.
 */
export class Http2Head {
  #result: Http2Request | 'no' | 'more' = 'more';
  #at = 0;
  #frames = 0;
  // Of the header block being received; 0 before.
  #streamId = 0;
  readonly #fragments: Range[] = [];
  #blockBytes = 0;

  /** @param bytes - all bytes so far, from the very first of the connection */
  read(bytes: Uint8Array): Http2Request | 'no' | 'more' {
    if (this.#result === 'more') this.#result = this.#advance(bytes);
    return this.#result;
  }

  #advance(bytes: Uint8Array): Http2Request | 'no' | 'more' {
    if (this.#at === 0) {
      const preface = matchPrefix(bytes, HTTP2_PREFACE);
      if (preface !== 'match') return preface;
      this.#at = HTTP2_PREFACE.length;
    }
    for (const frame of framesFrom(bytes, this.#at)) {
      if (!this.#allows(frame)) return 'no';
      const fragment = fragmentOf(bytes, frame);
      if (fragment === 'no') return 'no';
      if (frame.end > bytes.length) return 'more';
      this.#at = frame.end;
      this.#frames++;
      if (fragment === undefined) continue;
      this.#streamId = frame.streamId;
      this.#fragments.push(fragment);
      this.#blockBytes += fragment.end - fragment.start;
      if ((frame.flags & FrameFlag.endHeaders) !== 0) return this.#request(bytes);
    }
    return 'more';
  }

  #allows({ length, type, flags, streamId }: Frame): boolean {
    if (length > FRAME_MAX_BYTES || this.#frames === MAX_FRAMES) return false;
    if (this.#streamId !== 0) {
      return (
        type === FrameType.continuation &&
        streamId === this.#streamId &&
        this.#fragments.length <= MAX_CONTINUATIONS &&
        this.#blockBytes + length <= BLOCK_MAX_BYTES
      );
    }
    if (type === FrameType.settings) {
      if (streamId !== 0) return false;
      return (flags & FrameFlag.ack) === 0 ? length % 6 === 0 : length === 0 && this.#frames > 0;
    }
    if (this.#frames === 0) return false;
    if (type === FrameType.headers) return streamId % 2 === 1;
    return SKIPPED.includes(type) || type > FrameType.continuation;
  }

  #request(bytes: Uint8Array): Http2Request | 'no' {
    const block = new Uint8Array(this.#blockBytes);
    let at = 0;
    for (const { start, end } of this.#fragments) {
      block.set(bytes.subarray(start, end), at);
      at += end - start;
    }
    const headers = new HeaderFields(new HpackDecoder().decode(block) ?? []);
    const [method] = headers.values(':method');
    if (method === undefined) return 'no';
    const [path] = headers.values(':path');
    const hosts = headers.values('host');
    const named = [...headers.values(':authority'), ...hosts];
    if (hosts.length > 1 || named.length > hosts.length + 1) return 'no';
    if (named.length > 0 && agreedAuthority(named, headers.values(':scheme')[0]) === undefined) return 'no';
    const [authority] = named;
    return { method, path, authority: authority === undefined ? undefined : canonicalHost(authority), headers };
  }
}

const newHttp2Head = (): Http2Head => new Http2Head();

/** The first request of a connection, read once however many matchers ask. */
export function http2Request(first: FirstBytes): Http2Request | 'no' | 'more' {
  return first.parser(newHttp2Head).read(first.bytes);
}

/** The answer of a matcher of the first request if that is not there: in malformed HTTP/2 it cannot be read. */
export function unlessMalformed(reading: 'no' | 'more', { bytes }: FirstBytes): 'no' | 'more' | 'unreadable' {
  return reading === 'no' && matchPrefix(bytes, HTTP2_PREFACE) === 'match' ? 'unreadable' : reading;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

// The part of a frame that belongs to the header block: HEADERS may begin with padding length and priority, and end with padding.
function fragmentOf(bytes: Uint8Array, { type, flags, length, payload, end }: Frame): Range | 'no' | undefined {
  if (type === FrameType.continuation) return { start: payload, end };
  if (type !== FrameType.headers) return undefined;
  const padded = (flags & FrameFlag.padded) !== 0;
  const before = (padded ? 1 : 0) + ((flags & FrameFlag.priority) !== 0 ? 5 : 0);
  const padding = padded ? (bytes[payload] ?? 0) : 0;
  return before + padding > length ? 'no' : { start: payload + before, end: end - padding };
}
