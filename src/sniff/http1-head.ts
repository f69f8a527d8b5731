import { HeaderFields } from './header-fields.js';
import { latin1 } from './matcher.js';

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;
const TWO = 0x32;

/** The bytes that a token may hold (RFC 9110 §5.6.2): methods and field names are tokens. */
const TOKEN_BYTES = latin1("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/** Every byte that a request can begin with: its method, or an empty line before it (RFC 9112 §2.2). */
export const REQUEST_FIRST_BYTES: readonly number[] = [CR, LF, ...TOKEN_BYTES];

const IN_TOKEN = byteSet((byte) => TOKEN_BYTES.includes(byte));
// Bytes above 0x7F are no URI characters, but real clients send them, and the server is the one to complain.
const IN_TARGET = byteSet((byte) => byte > SP && byte !== 0x7f);
const IN_VALUE = byteSet((byte) => (byte >= SP && byte !== 0x7f) || byte === HTAB);

const HTTP = latin1('HTTP/1.1\r\n');
const RTSP = latin1('RTSP/1.0\r\n');

/** A request line (RFC 9112 §3; RTSP has the same). */
export interface RequestLine {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** As sent: a path with its query, an absolute URI, `host:port` or `*`. Bytes above 0x7F are read as Latin-1. */
  readonly target: string;
  /** Two digits and a dot, such as `1.1`. */
  readonly version: string;
}

/** How far a part of the head has been read; `'no'` comes with its first impossible byte. */
export type HeadReading = 'more' | 'no' | 'end';

/** Which protocol's version a request line must end with. */
export type RequestProtocol = 'HTTP' | 'RTSP';

/**
 * The head of an HTTP/1 request (RFC 9112 §§2-5) or the request line of an RTSP one, read as its bytes arrive. Each
 * byte is read once, only offsets are kept, and text is made only of the parts that are asked for. The sniffer bounds
 * the length of a head (`maxBytes`). Made by {@link requestHead}.
 *
 * Stricter than servers are, since a guess must not swallow another protocol: CR LF only, no white space before a
 * colon, no folded lines (obs-fold), no control characters. Before the request line any number of CR and LF is skipped, as
 * Node's parser does.
 *
 * @example
 * ```ts
 * const head = first.parser(requestHead);
 * if (head.readLine(first.bytes, 'HTTP') === 'end') console.log(head.requestLine(first.bytes).target);
 * ```
 */
export class Http1Head {
  /** Where the request line begins: behind the empty lines. */
  lineStart = 0;
  /** Where the target begins; 0 while the method is being read. */
  targetStart = 0;
  /** Fields that are complete: the line after them has begun, so they are not folded. */
  fieldCount = 0;
  #line: HeadReading = 'more';
  #protocol: RequestProtocol | undefined;
  #fields: HeadReading = 'more';
  #at = 0;
  #targetEnd = 0;
  #nameStart = 0;
  // 0 while the name is being read.
  #colon = 0;
  // Start, colon and CR of each field line, one after another.
  #lines: number[] | undefined;

  /** Reads on to the end of the request line. */
  readLine(bytes: Uint8Array, protocol: RequestProtocol): HeadReading {
    if (this.#line === 'more') {
      this.#line = this.#scanLine(bytes);
    }
    return this.#protocol === undefined || this.#protocol === protocol ? this.#line : 'no';
  }

  /** True once the request line is read as one of HTTP, or is cut off in its target or behind it. */
  get isHttp(): boolean {
    return this.#protocol === undefined ? this.#line === 'more' && this.targetStart > 0 : this.#protocol === 'HTTP';
  }

  /** Reads on to the end of an HTTP head. After `'no'` the fields before the fault are still there. */
  readFields(bytes: Uint8Array): HeadReading {
    if (this.#fields === 'more') {
      const line = this.readLine(bytes, 'HTTP');
      this.#fields = line === 'end' ? this.#scanFields(bytes) : line;
    }
    return this.#fields;
  }

  /** The request line, once it is read. */
  requestLine(bytes: Uint8Array): RequestLine {
    const versionAt = this.#targetEnd + ' HTTP/'.length;
    return {
      method: text(bytes, this.lineStart, this.targetStart - 1),
      target: text(bytes, this.targetStart, this.#targetEnd),
      version: text(bytes, versionAt, versionAt + '1.1'.length),
    };
  }

  /** The first field from `index` on with this name, which is given in lower case; -1 without one. */
  indexOf(bytes: Uint8Array, name: Uint8Array, index: number): number {
    for (let i = index; i < this.fieldCount; i++) if (this.#isNamed(bytes, i, name)) return i;
    return -1;
  }

  /** The value of field `index`, without the white space around it. */
  value(bytes: Uint8Array, index: number): string {
    let start = this.#offset(index, 1) + 1;
    let end = this.#offset(index, 2);
    while (start < end && isBlank(bytes[start])) start++;
    while (end > start && isBlank(bytes[end - 1])) end--;
    return text(bytes, start, end);
  }

  /** The values of all fields with this name, which is given in lower case. */
  values(bytes: Uint8Array, name: Uint8Array): string[] {
    const found: string[] = [];
    for (let at = this.indexOf(bytes, name, 0); at >= 0; at = this.indexOf(bytes, name, at + 1)) {
      found.push(this.value(bytes, at));
    }
    return found;
  }

  /** The first `count` fields as text. */
  fields(bytes: Uint8Array, count: number): HeaderFields {
    const lines: [name: string, value: string][] = [];
    for (let i = 0; i < count; i++) {
      lines.push([text(bytes, this.#offset(i, 0), this.#offset(i, 1)), this.value(bytes, i)]);
    }
    return new HeaderFields(lines);
  }

  #isNamed(bytes: Uint8Array, index: number, name: Uint8Array): boolean {
    const start = this.#offset(index, 0);
    if (this.#offset(index, 1) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = bytes[start + i] as number;
      if ((isUpperCase(byte) ? byte | 0x20 : byte) !== name[i]) return false;
    }
    return true;
  }

  #offset(index: number, part: 0 | 1 | 2): number {
    return this.#lines?.[3 * index + part] as number;
  }

  #scanLine(bytes: Uint8Array): HeadReading {
    const end = bytes.length;
    if (this.targetStart === 0) {
      if (this.#at === this.lineStart) this.lineStart = this.#at = afterEmptyLines(bytes, this.#at);
      const stop = (this.#at = skip(bytes, this.#at, end, IN_TOKEN));
      if (stop === end) return 'more';
      if (bytes[stop] !== SP || stop === this.lineStart || isPri(bytes, this.lineStart, stop)) return 'no';
      this.targetStart = this.#at = stop + 1;
    }
    if (this.#targetEnd === 0) {
      const stop = (this.#at = skip(bytes, this.#at, end, IN_TARGET));
      if (stop === end) return 'more';
      if (bytes[stop] !== SP || stop === this.targetStart) return 'no';
      this.#targetEnd = stop;
      this.#at = stop + 1;
    }
    return this.#scanVersion(bytes, end);
  }

  #scanVersion(bytes: Uint8Array, end: number): HeadReading {
    const start = this.#targetEnd + 1;
    if (this.#at === end) return 'more';
    const isHttp = bytes[start] !== RTSP[0];
    this.#protocol = isHttp ? 'HTTP' : 'RTSP';
    const version = isHttp ? HTTP : RTSP;
    const stop = Math.min(end, start + version.length);
    for (let at = this.#at; at < stop; at++) {
      const place = at - start;
      const byte = bytes[at] as number;
      const isOtherDigit = isHttp ? place === 7 && isDigit(byte) : place === 5 && byte === TWO;
      if (byte !== version[place] && !isOtherDigit) return 'no';
    }
    this.#at = stop;
    if (stop < start + version.length) return 'more';
    this.#nameStart = stop;
    return 'end';
  }

  #scanFields(bytes: Uint8Array): HeadReading {
    const end = bytes.length;
    const lines = (this.#lines ??= []);
    for (;;) {
      if (this.#colon === 0) {
        if (this.#nameStart >= end) return 'more';
        const first = bytes[this.#nameStart] as number;
        if (first !== CR && IN_TOKEN[first] === 0) return 'no';
        this.fieldCount = lines.length / 3;
        if (first === CR) {
          if (this.#nameStart + 1 === end) return 'more';
          return bytes[this.#nameStart + 1] === LF ? 'end' : 'no';
        }
        const stop = (this.#at = skip(bytes, this.#at, end, IN_TOKEN));
        if (stop === end) return 'more';
        if (bytes[stop] !== COLON) return 'no';
        this.#colon = stop;
        this.#at = stop + 1;
      }
      const stop = (this.#at = skip(bytes, this.#at, end, IN_VALUE));
      if (stop === end) return 'more';
      if (bytes[stop] !== CR) return 'no';
      if (stop + 1 === end) return 'more';
      if (bytes[stop + 1] !== LF) return 'no';
      lines.push(this.#nameStart, this.#colon, stop);
      this.#nameStart = this.#at = stop + 2;
      this.#colon = 0;
    }
  }
}

/** Whether `text` can be a method or a field name. */
export function isToken(text: string): boolean {
  return text !== '' && Array.from(text).every((char) => IN_TOKEN[char.charCodeAt(0)] === 1);
}

/** Where the first byte is, from `from` on, that is neither CR nor LF. */
export function afterEmptyLines(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === CR || bytes[at] === LF) at++;
  return at;
}

/** The answer of a matcher of header fields before their end: those of a malformed request cannot be read. */
export function unlessMalformed(reading: 'no' | 'more', head: Http1Head): 'no' | 'more' | 'unreadable' {
  return reading === 'no' && head.isHttp ? 'unreadable' : reading;
}

/** Give this to `first.parser`: all matchers of a connection then read one head. */
export const requestHead = (): Http1Head => new Http1Head();

function byteSet(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

function skip(bytes: Uint8Array, from: number, end: number, set: Uint8Array): number {
  let at = from;
  while (at < end && set[bytes[at] as number] === 1) at++;
  return at;
}

// The method kept for the HTTP/2 preface (RFC 9113 §11.6): no HTTP/1 request uses it.
function isPri(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 3 && bytes[start] === 0x50 && bytes[start + 1] === 0x52 && bytes[start + 2] === 0x49;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isUpperCase(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

// Eight at a time: each piece that is added to a string costs an allocation. With 18 bytes of target 34 ns instead of 100. By names and
// not as an array, which V8 made in some processes and not in others.
function text(bytes: Uint8Array, start: number, end: number): string {
  const { fromCharCode } = String;
  let read = '';
  let i = start;
  for (; i + 7 < end; i += 8) {
    const a = bytes[i] as number;
    const b = bytes[i + 1] as number;
    const c = bytes[i + 2] as number;
    const d = bytes[i + 3] as number;
    const e = bytes[i + 4] as number;
    const f = bytes[i + 5] as number;
    const g = bytes[i + 6] as number;
    const h = bytes[i + 7] as number;
    read += fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; i < end; i++) read += fromCharCode(bytes[i] as number);
  return read;
}
