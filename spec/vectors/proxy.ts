import type { ProxyMeta } from '../../src/conn/meta.js';
import { latin1 } from '../../src/sniff/matcher.js';
import type { Flight } from '../conformance/matcher-contract.js';

/** A PROXY header, and what it says. */
export interface ProxyFlight extends Flight {
  readonly meta: ProxyMeta;
}

const V2 = '\r\n\r\n\x00\r\nQUIT\n';
const IPV4_BLOCK = '\xcb\x00\x71\x07\x0a\x00\x00\x05\xc78\x01\xbb';

const v1 = (name: string, header: string, ends: Partial<ProxyMeta> = {}): ProxyFlight => ({
  name,
  bytes: latin1(header),
  meta: { version: 1, command: 'proxy', ...ends, tlvs: [] },
});

const v2 = (
  name: string,
  header: string,
  ends: Partial<ProxyMeta> = {},
  tlvs: readonly (readonly [type: number, value: string])[] = [],
): ProxyFlight => ({
  name,
  bytes: latin1(V2 + header),
  meta: { version: 2, command: 'proxy', ...ends, tlvs: tlvs.map(([type, value]) => ({ type, value: latin1(value) })) },
});

const ends = (
  sourceAddress: string,
  sourcePort: number,
  destinationAddress: string,
  destinationPort: number,
): Partial<ProxyMeta> => ({ sourceAddress, sourcePort, destinationAddress, destinationPort });

const CLIENT = ends('203.0.113.7', 51000, '10.0.0.5', 443);
const LOOPBACK = '\x7f\x00\x00\x01\x7f\x00\x00\x01';
const TLS_ONLY = '\x01\x00\x00\x00\x00!\x00\x07TLSv1.3%\x00\x07RSA2048$\x00\nRSA-SHA256#\x00\x16TLS_AES_256_GCM_SHA384';
const TLS_AND_CERTIFICATE = `\x07\x00\x00\x00\x00!\x00\x07TLSv1.3"\x00\x0eclient.example%\x00\x07RSA2048$\x00\nRSA-SHA256#\x00\x16TLS_AES_256_GCM_SHA384`;

/**
 * PROXY headers, each exactly a header and nothing behind it. "of HAProxy" was recorded from HAProxy 2.6.12; the others are written
 * after the specification, those of the clouds after their documentation.
 */
export const proxyFlights: readonly ProxyFlight[] = [
  v1(
    'a v1 TCP4 header of HAProxy',
    'PROXY TCP4 127.0.0.1 127.0.0.1 36040 21001\r\n',
    ends('127.0.0.1', 36040, '127.0.0.1', 21001),
  ),
  v1('a v1 TCP6 header of HAProxy', 'PROXY TCP6 ::1 ::1 41956 21005\r\n', ends('::1', 41956, '::1', 21005)),
  v1('a v1 UNKNOWN header of HAProxy', 'PROXY UNKNOWN\r\n'),
  v1(
    'the longest v1 TCP4 header',
    'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
    ends('255.255.255.255', 65535, '255.255.255.255', 65535),
  ),
  v1('the shortest v1 TCP4 header', 'PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n', ends('0.0.0.0', 0, '0.0.0.0', 0)),
  v1(
    'the longest v1 TCP6 header',
    `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}fffe 65535 65534\r\n`,
    ends(`${'ffff:'.repeat(7)}ffff`, 65535, `${'ffff:'.repeat(7)}fffe`, 65534),
  ),
  v1(
    'a v1 TCP6 header in another spelling',
    'PROXY TCP6 2001:0DB8:0:0::01 ::ffff:10.0.0.5 51000 443\r\n',
    ends('2001:db8::1', 51000, '10.0.0.5', 443),
  ),
  v1(
    'the longest v1 UNKNOWN header',
    `PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
  ),
  v1('a v1 UNKNOWN header with anything behind it', 'PROXY UNKNOWN \r\x00\xff\n x\r\n'),

  v2(
    'a v2 TCP4 header of HAProxy',
    `!\x11\x00\x0c${LOOPBACK}\xe9\x8cR\n`,
    ends('127.0.0.1', 59788, '127.0.0.1', 21002),
  ),
  v2(
    'a v2 TCP6 header of HAProxy',
    `!!\x00$${'\x00'.repeat(15)}\x01${'\x00'.repeat(15)}\x01\xa8\xaeR\x0e`,
    ends('::1', 43182, '::1', 21006),
  ),
  v2('a health check of HAProxy', ' \x00\x00\x00', { command: 'local' }),
  v2(
    'a v2 header with CRC32c and unique id of HAProxy',
    `!\x11\x00(${LOOPBACK}\xd0\xceR\x0b\x03\x00\x04\xc9\xdeM\x07\x05\x00\x12rx-127.0.0.1:53454`,
    ends('127.0.0.1', 53454, '127.0.0.1', 21003),
    [
      [0x03, '\xc9\xdeM\x07'],
      [0x05, 'rx-127.0.0.1:53454'],
    ],
  ),
  v2(
    'a v2 header for a TLS client of HAProxy',
    `!\x11\x00\x81${LOOPBACK}\x9dTR\x0c\x03\x00\x04\x8d\xa3\xb5q\x01\x00\x02h2\x02\x00\x0fapp.example.com\x05\x00\x12rx-127.0.0.1:40276 \x00?${TLS_ONLY}`,
    ends('127.0.0.1', 40276, '127.0.0.1', 21004),
    [
      [0x03, '\x8d\xa3\xb5q'],
      [0x01, 'h2'],
      [0x02, 'app.example.com'],
      [0x05, 'rx-127.0.0.1:40276'],
      [0x20, TLS_ONLY],
    ],
  ),
  v2(
    'a v2 header for a TLS client with a certificate of HAProxy',
    `!\x11\x00\x92${LOOPBACK}\x9dZR\x0c\x03\x00\x04\xa5\xd8\x12\xb9\x01\x00\x02h2\x02\x00\x0fapp.example.com\x05\x00\x12rx-127.0.0.1:40282 \x00P${TLS_AND_CERTIFICATE}`,
    ends('127.0.0.1', 40282, '127.0.0.1', 21004),
    [
      [0x03, '\xa5\xd8\x12\xb9'],
      [0x01, 'h2'],
      [0x02, 'app.example.com'],
      [0x05, 'rx-127.0.0.1:40282'],
      [0x20, TLS_AND_CERTIFICATE],
    ],
  ),
  v2(
    'a v2 header with VPC endpoint id, CRC32c and padding as of an AWS load balancer',
    `!\x11\x00:${IPV4_BLOCK}\x03\x00\x04\x03\x94\x92\x8a\xea\x00\x17\x01vpce-0123456789abcdef0\x04\x00\n${'\x00'.repeat(10)}`,
    CLIENT,
    [
      [0x03, '\x03\x94\x92\x8a'],
      [0xea, '\x01vpce-0123456789abcdef0'],
      [0x04, '\x00'.repeat(10)],
    ],
  ),
  v2(
    'a v2 header as of Google Cloud Private Service Connect',
    `!\x11\x00\x17${IPV4_BLOCK}\xe0\x00\x08\x01#Eg\x89\xab\xcd\xef`,
    CLIENT,
    [[0xe0, '\x01#Eg\x89\xab\xcd\xef']],
  ),
  v2(
    'a v2 header as of an Azure private endpoint',
    `!\x11\x00\x14${IPV4_BLOCK}\xee\x00\x05\x01\x04\x03\x02\x01`,
    CLIENT,
    [[0xee, '\x01\x04\x03\x02\x01']],
  ),
  v2('a v2 UDP4 header', `!\x12\x00\x0c${IPV4_BLOCK}`, CLIENT),
  v2(
    'a v2 UDP6 header',
    `!"\x00$ \x01\r\xb8${'\x00'.repeat(11)}\x01${'\x00'.repeat(10)}\xff\xff\n\x00\x00\x05\xc78\x01\xbb`,
    ends('2001:db8::1', 51000, '10.0.0.5', 443),
  ),
  v2('a v2 UNSPEC header', '!\x00\x00\x00'),
  v2('a v2 UNSPEC header with an empty TLV', '!\x00\x00\x03\x04\x00\x00', {}, [[0x04, '']]),
  v2('a v2 LOCAL header with a family and an address block', ` \x99\x00\x0c${IPV4_BLOCK}`, { command: 'local' }),
  v2('a v2 Unix header', `!1\x00\xd8${'/run/client.sock'.padEnd(108, '\x00')}${'\x00'.repeat(108)}`, {
    sourceAddress: '/run/client.sock',
    destinationAddress: '',
  }),
];
