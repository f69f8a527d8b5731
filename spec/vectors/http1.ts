import { latin1 } from '../../src/sniff/matcher.js';
import type { Flight } from '../conformance/matcher-contract.js';

/** A flight of lines that each end in CR LF. */
export const lines = (...all: readonly string[]): Uint8Array => latin1(all.map((line) => `${line}\r\n`).join(''));

const flight = (name: string, ...all: readonly string[]): Flight => ({ name, bytes: lines(...all) });

/** What curl 8 sends for `curl http://localhost:8080/`. */
export const curlGet = lines('GET / HTTP/1.1', 'Host: localhost:8080', 'User-Agent: curl/8.5.0', 'Accept: */*', '');

/** First flights of HTTP/1 clients; none of them is a WebSocket handshake. */
export const http1Flights: readonly Flight[] = [
  { name: 'curl GET', bytes: curlGet },
  flight(
    'a browser GET',
    'GET /search?q=mux&lang=en HTTP/1.1',
    'Host: www.example.com',
    'Connection: keep-alive',
    'sec-ch-ua: "Chromium";v="126", "Not.A/Brand";v="24"',
    'Upgrade-Insecure-Requests: 1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Cookie: id=a3fWa; theme=light',
    '',
  ),
  {
    name: 'a POST with its body',
    bytes: latin1(
      'POST /items HTTP/1.1\r\nHost: api.example.com\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"size":"xl"}',
    ),
  },
  {
    name: 'a chunked PUT',
    bytes: latin1(
      'PUT /log HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ),
  },
  flight('case 26: PATCH', 'PATCH /items/7 HTTP/1.1', 'Host: api.example.com', 'Content-Length: 0', ''),
  flight('case 26: QUERY', 'QUERY /items HTTP/1.1', 'Host: api.example.com', 'Content-Length: 0', ''),
  flight('case 26: PROPFIND', 'PROPFIND /dav/ HTTP/1.1', 'Host: dav.example.com', 'Depth: 1', ''),
  flight('case 26: M-SEARCH', 'M-SEARCH * HTTP/1.1', 'HOST: 239.255.255.250:1900', 'MAN: "ssdp:discover"', 'MX: 2', ''),
  {
    name: 'case 7: two pipelined requests',
    bytes: lines('GET /a HTTP/1.1', 'Host: example.com', '', 'GET /b HTTP/1.1', 'Host: example.com', ''),
  },
  flight('a GET in absolute form', 'GET http://example.com/a?b HTTP/1.1', 'Host: example.com', ''),
  flight('a CONNECT to a proxy', 'CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443', ''),
  flight('case 28: OPTIONS *', 'OPTIONS * HTTP/1.1', 'Host: example.com', ''),
  flight('case 30: a GET after an empty line', '', 'GET / HTTP/1.1', 'Host: example.com', ''),
  flight('an HTTP/1.0 HEAD without Host', 'HEAD /health HTTP/1.0', ''),
  flight(
    'case 32: an upgrade to h2c',
    'GET / HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    '',
  ),
];

/** A handshake like a browser's, some of its lines replaced or, where `undefined`, left out. */
export function handshake(
  changes: Readonly<Record<string, string | undefined>> = {},
  line = 'GET /chat?v=2 HTTP/1.1',
): Uint8Array {
  const fields: Readonly<Record<string, string | undefined>> = {
    Host: 'Server.example.com:8080',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    Origin: 'https://example.com',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'chat, superchat',
    ...changes,
  };
  const sent = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return lines(line, ...sent, '');
}

/** Handshakes of WebSocket clients. */
export const websocketFlights: readonly Flight[] = [
  { name: 'case 31: a browser handshake', bytes: handshake() },
  {
    name: 'case 31: Connection: keep-alive, Upgrade (Firefox)',
    bytes: handshake({ Connection: 'keep-alive, Upgrade' }),
  },
  {
    name: 'a handshake of no browser',
    bytes: handshake({ Origin: undefined, 'Sec-WebSocket-Protocol': undefined, Upgrade: 'WebSocket' }),
  },
  {
    name: 'a handshake with a frame behind it',
    bytes: Uint8Array.of(...handshake(), 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58),
  },
];

/** First flights of RTSP clients. */
export const rtspFlights: readonly Flight[] = [
  flight('RTSP OPTIONS', 'OPTIONS rtsp://cam.example.com/stream RTSP/1.0', 'CSeq: 1', 'User-Agent: Lavf60.16.100', ''),
  flight('RTSP DESCRIBE', 'DESCRIBE rtsp://cam.example.com:554/a RTSP/1.0', 'CSeq: 2', 'Accept: application/sdp', ''),
  flight('RTSP SETUP over TLS', 'SETUP rtsps://cam.example.com/a RTSP/2.0', 'CSeq: 3', ''),
  flight('RTSP over UDP', 'PLAY rtspu://cam.example.com/a RTSP/1.0', 'CSeq: 4', ''),
  flight('RTSP OPTIONS *', 'OPTIONS * RTSP/1.0', 'CSeq: 1', ''),
];

/** Flights that are no HTTP/1 and no RTSP, many of which begin as if they were. */
export const otherFlights: readonly Flight[] = [
  { name: 'the beginning of a TLS ClientHello', bytes: latin1('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03') },
  flight('an SSH banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3'),
  { name: 'an HTTP/2 preface', bytes: latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0') },
  { name: 'PROXY v1', bytes: latin1('PROXY TCP4 192.0.2.1 192.0.2.2 50000 80\r\nSSH-2.0-x\r\n') },
  {
    name: 'case 30: PROXY v2',
    bytes: latin1('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc3\x50\0\x50'),
  },
  { name: 'a Redis command', bytes: latin1('*1\r\n$4\r\nPING\r\n') },
  flight('an inline Redis command', 'PING'),
  { name: 'XMPP', bytes: latin1("<?xml version='1.0'?><stream:stream to='example.com' xmlns='jabber:client'>") },
  { name: 'AMQP', bytes: latin1('AMQP\0\0\x09\x01') },
  { name: 'MQTT', bytes: latin1('\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0') },
  { name: 'SOCKS5', bytes: latin1('\x05\x01\0') },
  { name: 'Postgres SSLRequest', bytes: latin1('\0\0\0\x08\x04\xd2\x16\x2f') },
  { name: 'RDP', bytes: latin1('\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0') },
  flight('SMTP', 'EHLO mail.example.com'),
  { name: 'STOMP', bytes: latin1('CONNECT\naccept-version:1.2\nhost:example.com\n\n\0') },
  flight('an eager NATS client', 'CONNECT {"verbose":false,"lang":"go"}', 'PING'),
  flight('memcached', 'get counter'),
  { name: 'a BitTorrent handshake', bytes: latin1('\x13BitTorrent protocol\0\0\0\0\0\0\0\0') },
  { name: 'JSON-RPC', bytes: latin1('{"jsonrpc":"2.0","method":"x","id":1}') },
];
