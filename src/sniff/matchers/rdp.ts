import { literal, matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import { unsignedWithin } from '../integer-phrases.js';
import type { Matcher } from '../matcher.js';

/** What {@link rdp} tells. */
export interface RdpMeta {
  /**
   * The cookie or routing token for load balancers, without `Cookie: ` in front: `mstshash=` and the user name that the
   * client has, perhaps cut short, or what a connection file or a broker said (`msts=…`). Text of a stranger.
   */
  readonly cookie?: string;
  /**
   * The security protocols the client offers, a set of bits: 1 = TLS, 2 = CredSSP, 4 = RDSTLS, 8 = CredSSP with early
   * user authorization, 16 = Entra ID; 0 = RDP's own. Absent when the client does not negotiate, which means RDP's own.
   */
  readonly protocols?: number;
}

// TPKT header, and an X.224 connection request without variable part.
const HEADER_BYTES = 11;
// The length indicator of X.224 ends at 254.
const MAX_BYTES = 259;
const CR = 0x0d;
const LF = 0x0a;
const CR_LF_BYTES = 2;
const SPACE = 0x20;
const DEL = 0x7f;
const NEGOTIATION_REQUEST = 1;
// Alone, or with the 36 bytes of a correlation id.
const NEGOTIATION_BYTES: readonly number[] = [8, 8 + 36];

function* connectionRequest(): Grammar<RdpMeta> {
  if (!(yield* literal('\x03\x00'))) return 'no';
  const length = yield* unsignedWithin(2, HEADER_BYTES, MAX_BYTES);
  if (length === undefined || (yield) !== length - 5) return 'no';
  if (!(yield* literal('\xe0\x00\x00\x00\x00\x00'))) return 'no';
  let left = length - HEADER_BYTES;
  if (left === 0) return { meta: {} };
  let byte = yield;
  let found: RdpMeta = {};
  if (byte !== NEGOTIATION_REQUEST) {
    const line = yield* lineBeginning(byte, left);
    if (line === undefined) return 'no';
    found = { cookie: new TextDecoder().decode(Uint8Array.from(line)).replace(/^Cookie: /, '') };
    left -= line.length + CR_LF_BYTES;
    if (left === 0) return { meta: found };
    byte = yield;
  }
  if (byte !== NEGOTIATION_REQUEST || !NEGOTIATION_BYTES.includes(left)) return 'no';
  yield; // flags
  if (!(yield* literal('\x08\x00'))) return 'no';
  return { meta: { ...found, protocols: yield* unsignedLittleEndian() } };
}

/** A line of at most `most` bytes with CR and LF, of which `first` is read already; gives it without them. */
function* lineBeginning(first: number, most: number): Phrase<readonly number[] | undefined> {
  const line: number[] = [];
  for (let byte = first; line.length + CR_LF_BYTES <= most; byte = yield) {
    if (byte === CR) return (yield) === LF ? line : undefined;
    if (byte < SPACE || byte === DEL) return undefined;
    line.push(byte);
  }
  return undefined;
}

function* unsignedLittleEndian(): Phrase<number> {
  let value = 0;
  for (let unit = 1; unit < 2 ** 32; unit *= 256) value += (yield) * unit;
  return value;
}

const match = matchGrammar(connectionRequest, MAX_BYTES);

/**
 * Matches a Remote Desktop client by its X.224 connection request in one TPKT packet (MS-RDPBCGR §2.2.1.1): 259 bytes
 * at most, usually about 45.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(rdp(), tls())).subscribe((conn) => {
 *   if (conn.protocol === 'rdp') console.log(conn.meta.rdp.cookie);   // 'mstshash=alice'
 * });
 * ```
 */
export function rdp(): Matcher<'rdp', RdpMeta> {
  return { protocol: 'rdp', firstBytes: [0x03], match };
}
