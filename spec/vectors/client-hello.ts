/** Numbers as big-endian bytes of one size. */
const unsigned = (size: number, ...values: readonly number[]): number[] =>
  values.flatMap((value) => Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** (size - 1 - i)) & 0xff));

const text = (value: string): number[] => Array.from(value, (c) => c.charCodeAt(0));

/** Bytes with their length before them. */
export const vector = (lengthSize: number, bytes: readonly number[]): number[] => [
  ...unsigned(lengthSize, bytes.length),
  ...bytes,
];

export const extension = (type: number, data: readonly number[]): number[] => [
  ...unsigned(2, type),
  ...vector(2, data),
];

export const serverName = (name: string): number[] => extension(0, vector(2, [0, ...vector(2, text(name))]));

export const alpn = (...protocols: readonly string[]): number[] =>
  extension(
    16,
    vector(
      2,
      protocols.flatMap((protocol) => vector(1, text(protocol))),
    ),
  );

export const supportedVersions = (...versions: readonly number[]): number[] =>
  extension(43, vector(1, unsigned(2, ...versions)));

/** A key share as large as that of X25519MLKEM768 is, or any other number of bytes. */
export const keyShare = (bytes = 1216): number[] =>
  extension(51, vector(2, [...unsigned(2, 0x11ec), ...vector(2, new Array<number>(bytes).fill(0x5a))]));

/** Parts of a ClientHello that a spec wants to be different. */
export interface HelloParts {
  readonly legacyVersion?: number;
  /** Extensions one after another; `undefined` leaves out even the length of their list. */
  readonly extensions?: readonly number[] | undefined;
  readonly sessionId?: readonly number[];
  readonly cipherSuites?: readonly number[];
  readonly compressionMethods?: readonly number[];
  /** Bytes behind the end. */
  readonly tail?: readonly number[];
}

/** A ClientHello with its handshake header, outside of any record. */
export function clientHello(parts: HelloParts = {}): number[] {
  const { legacyVersion = 0x0303, sessionId = [], cipherSuites = [0x13, 0x01], tail = [] } = parts;
  const { compressionMethods = [0] } = parts;
  const extensions = 'extensions' in parts ? parts.extensions : [];
  const body = [
    ...unsigned(2, legacyVersion),
    ...new Array<number>(32).fill(7),
    ...vector(1, sessionId),
    ...vector(2, cipherSuites),
    ...vector(1, compressionMethods),
    ...(extensions === undefined ? [] : vector(2, extensions)),
    ...tail,
  ];
  return [1, ...vector(3, body)];
}

/** Cuts a message into TLS records of these sizes, and one of the rest. */
export function inRecords(message: readonly number[], ...sizes: readonly number[]): Uint8Array {
  const records: number[] = [];
  let at = 0;
  for (const size of [...sizes, message.length]) {
    const body = message.slice(at, at + size);
    if (body.length > 0) records.push(0x16, 3, 1, ...vector(2, body));
    at += body.length;
  }
  return Uint8Array.from(records);
}

/** The same in records of one byte each. */
export const inTinyRecords = (message: readonly number[]): Uint8Array =>
  Uint8Array.from(message.flatMap((byte) => [0x16, 3, 1, 0, 1, byte]));
