import { u16, u24 } from '../bytes/integers.js';
import { VectorReader } from '../bytes/vector-reader.js';
import { canonicalHost, kindOfServerName } from '../conn/host-name.js';
import type { TlsMeta } from '../conn/meta.js';

/** What a ClientHello offers. */
export type ClientHello = Pick<TlsMeta, 'serverName' | 'alpnProtocols' | 'versions'>;

/** The first byte of a TLS connection: a record of the handshake (RFC 8446 §5.1). */
export const HANDSHAKE_RECORD = 0x16;

const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 1 << 14;
// OpenSSL skips so many empty records (MAX_EMPTY_RECORDS), and then fails.
const MAX_EMPTY_RECORDS = 32;
const CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;

/** Whether bytes begin with a record of the handshake whose first message is a ClientHello: six bytes after empty records decide. */
export function beginsClientHello(bytes: Uint8Array): 'no' | 'more' | 'match' {
  for (let empty = 0, at = 0; empty <= MAX_EMPTY_RECORDS; empty++, at += RECORD_HEADER_BYTES) {
    const length = recordLength(bytes, at);
    if (length === 0) continue;
    if (length === 'malformed') return 'no';
    const type = bytes[at + RECORD_HEADER_BYTES];
    if (length === 'more' || type === undefined) return 'more';
    return type === CLIENT_HELLO ? 'match' : 'no';
  }
  return 'no';
}

/**
 * Puts together the ClientHello that a connection begins with, however it is cut into TLS records and network chunks,
 * and reads it once (RFC 8446 §4.1.2, §5.1). Linear in the bytes, and never more memory than twice the arrived bytes: so the
 * byte cap of a sniffer bounds this, too.
 */
export class ClientHelloReader {
  #message = new Uint8Array(512);
  #messageBytes = 0;
  #at = 0;
  #recordLeft = 0;
  #emptyRecords = 0;
  #hello: ClientHello | 'malformed' | 'more' = 'more';

  /** @param bytes - all that has arrived, from the very first byte */
  read(bytes: Uint8Array): ClientHello | 'malformed' | 'more' {
    while (this.#hello === 'more' && this.#at < bytes.length) {
      if (this.#recordLeft === 0) {
        const length = recordLength(bytes, this.#at);
        if (length === 'more') return length;
        if (length === 'malformed' || (length === 0 && ++this.#emptyRecords > MAX_EMPTY_RECORDS)) {
          this.#hello = 'malformed';
          break;
        }
        this.#recordLeft = length;
        this.#at += RECORD_HEADER_BYTES;
      }
      const body = bytes.subarray(this.#at, this.#at + this.#recordLeft);
      this.#append(body);
      this.#at += body.length;
      this.#recordLeft -= body.length;
      this.#hello = this.#judge(this.#message.subarray(0, this.#messageBytes));
    }
    return this.#hello;
  }

  #append(body: Uint8Array): void {
    const length = this.#messageBytes + body.length;
    if (length > this.#message.length) {
      const room = new Uint8Array(2 * length);
      room.set(this.#message);
      this.#message = room;
    }
    this.#message.set(body, this.#messageBytes);
    this.#messageBytes = length;
  }

  #judge(message: Uint8Array): ClientHello | 'malformed' | 'more' {
    if ((message[0] ?? CLIENT_HELLO) !== CLIENT_HELLO) return 'malformed';
    if (message.length < HANDSHAKE_HEADER_BYTES) return 'more';
    const length = u24(message, 1);
    const missing = HANDSHAKE_HEADER_BYTES + length - message.length;
    // Nothing may follow in the record in which a ClientHello ends: the keys change behind it.
    if (this.#recordLeft > missing) return 'malformed';
    return missing > 0 ? 'more' : parseClientHello(message.subarray(HANDSHAKE_HEADER_BYTES));
  }
}

/** For `FirstBytes.parser`: all matchers of one connection share a reader. */
export const clientHelloReader = (): ClientHelloReader => new ClientHelloReader();

/** The length in the record header at `at`. Its minor version means nothing (RFC 8446 §5.1): OpenSSL takes any. */
function recordLength(bytes: Uint8Array, at: number): number | 'malformed' | 'more' {
  const type = bytes[at] ?? HANDSHAKE_RECORD;
  const major = bytes[at + 1] ?? 3;
  if (type !== HANDSHAKE_RECORD || major !== 3) return 'malformed';
  const lengthHigh = bytes[at + 3] ?? 0;
  if (lengthHigh > MAX_RECORD_BYTES >>> 8) return 'malformed';
  if (bytes.length < at + RECORD_HEADER_BYTES) return 'more';
  const length = u16(bytes, at + 3);
  return length <= MAX_RECORD_BYTES ? length : 'malformed';
}

function parseClientHello(body: Uint8Array): ClientHello | 'malformed' {
  const hello = new VectorReader(body);
  const legacyVersion = hello.unsigned(2);
  hello.expect(legacyVersion >>> 8 === 3);
  hello.take(32); // random
  hello.vector(1, 0, 32); // session id
  hello.vector(2, 2); // cipher suites
  hello.vector(1, 1); // compression methods
  const extensions = hello.ended ? new Map<number, VectorReader>() : readExtensions(hello.vector(2));
  const serverName = readServerName(extensions.get(SERVER_NAME));
  const alpnProtocols = readAlpn(extensions.get(ALPN));
  const versions = readVersions(extensions.get(SUPPORTED_VERSIONS)) ?? [legacyVersion];
  if (hello.faulty || !hello.ended) return 'malformed';
  return serverName === undefined ? { alpnProtocols, versions } : { serverName, alpnProtocols, versions };
}

/** By type; two of one type are a fault (RFC 8446 §4.2), since readers could disagree on which one counts. */
function readExtensions(list: VectorReader): ReadonlyMap<number, VectorReader> {
  const extensions = new Map<number, VectorReader>();
  while (!list.ended) {
    const type = list.unsigned(2);
    list.expect(!extensions.has(type));
    extensions.set(type, list.vector(2));
  }
  return extensions;
}

/** One host name (RFC 6066 §3) in its canonical form. An IP address names no host; other text that names none is a fault. */
function readServerName(extension: VectorReader | undefined): string | undefined {
  if (extension === undefined) return undefined;
  const list = extension.vector(2);
  list.expect(list.unsigned(1) === HOST_NAME);
  const name = canonicalHost(list.vector(2, 1).text());
  const kind = kindOfServerName(name);
  extension.expect(list.ended && extension.ended && kind !== 'unreadable');
  return kind === 'host' ? name : undefined;
}

/** RFC 7301 §3.1. */
function readAlpn(extension: VectorReader | undefined): string[] {
  const protocols: string[] = [];
  if (extension === undefined) return protocols;
  const list = extension.vector(2, 2);
  extension.expect(extension.ended);
  while (!list.ended) protocols.push(list.vector(1, 1).text());
  return protocols;
}

/** RFC 8446 §4.2.1; the values of RFC 8701 are noise that servers must ignore. */
function readVersions(extension: VectorReader | undefined): number[] | undefined {
  if (extension === undefined) return undefined;
  const versions: number[] = [];
  const list = extension.vector(1, 2);
  extension.expect(extension.ended);
  while (!list.ended) versions.push(list.unsigned(2));
  return versions.filter((version) => !isGrease(version));
}

function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff);
}
