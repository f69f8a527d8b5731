import { isIPv4, isIPv6 } from 'node:net';
import { formatIp, parseIp } from '../conn/ip-address.js';
import { latin1 } from '../sniff/matcher.js';
import type { ProxyEnds, ProxyParse } from './proxy-format.js';

/** How a header of version 1 begins. */
export const PROXY_V1_SIGNATURE = latin1('PROXY ');

// The longest line, CRLF included; PROXY protocol §2.1.
const MAX_LENGTH = 107;
const UNKNOWN = 'UNKNOWN';

type FieldTest = (field: string) => boolean;

const isPort: FieldTest = (field) => /^(?:0|[1-9]\d{0,4})$/.test(field) && Number(field) <= 65535;
// The protocol knows no zones.
const isIPv6Address: FieldTest = (field) => isIPv6(field) && !field.includes('%');

const FIELDS: ReadonlyMap<string, readonly FieldTest[]> = new Map([
  ['TCP4', [isIPv4, isIPv4, isPort, isPort]],
  ['TCP6', [isIPv6Address, isIPv6Address, isPort, isPort]],
]);

/**
 * Reads a header of version 1 (PROXY protocol §2.1): one line of text, at most 107 bytes with its CRLF. A field is judged as
 * soon as it ends. What follows `UNKNOWN` is not looked at.
 *
 * @param bytes - begin with {@link PROXY_V1_SIGNATURE}
 */
export function parseProxyV1(bytes: Uint8Array): ProxyParse {
  const text = String.fromCharCode(...bytes.subarray(PROXY_V1_SIGNATURE.length, MAX_LENGTH));
  const [line = '', ...behind] = text.split('\r\n', 2);
  const isWhole = behind.length > 0;
  if (!isWhole && bytes.length >= MAX_LENGTH) return 'invalid';
  const length = PROXY_V1_SIGNATURE.length + line.length + 2;

  const [family = '', ...fields] = line.split(' ');
  if (family === UNKNOWN) return isWhole ? { length, meta: { version: 1, command: 'proxy', tlvs: [] } } : 'more';
  const isUnfinishedFamily = !isWhole && fields.length === 0;
  if (isUnfinishedFamily) return 'more';
  const tests = FIELDS.get(family) ?? [];
  const finished = isWhole ? fields : fields.slice(0, -1);
  if (fields.length > tests.length || !finished.every((field, i) => tests[i]?.(field))) return 'invalid';
  if (!isWhole) return 'more';

  const [from = '', to = '', sourcePort, destinationPort] = fields;
  const source = parseIp(from);
  const destination = parseIp(to);
  if (source === undefined || destination === undefined || destinationPort === undefined) return 'invalid';
  const sourceAddress = formatIp(source);
  const destinationAddress = formatIp(destination);
  const ports = { sourcePort: Number(sourcePort), destinationPort: Number(destinationPort) };
  return { length, meta: { version: 1, command: 'proxy', sourceAddress, destinationAddress, ...ports, tlvs: [] } };
}

/** Writes a header of version 1: `UNKNOWN` without ends, and for ends of two families, which a line can't hold. */
export function encodeProxyV1(ends: ProxyEnds | undefined): Uint8Array {
  if (ends === undefined || ends.source.length !== ends.destination.length) return latin1(`PROXY ${UNKNOWN}\r\n`);
  const { source, destination, sourcePort, destinationPort } = ends;
  const family = source.length === 4 ? 'TCP4' : 'TCP6';
  return latin1(`PROXY ${family} ${formatIp(source)} ${formatIp(destination)} ${sourcePort} ${destinationPort}\r\n`);
}
