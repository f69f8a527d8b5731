const bytes = (text) => new Uint8Array(Buffer.from(text, 'latin1'));

/** Text at the beginning of so many zeros: what the benchmarks of cmux read. */
const padded = (text, length = 4096) => bytes(text.padEnd(length, '\0'));

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';

/** First flights of clients, by the protocol they are of. */
export const flights = {
  http1: bytes('GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n'),
  http2: bytes(PREFACE + SETTINGS),
  tls: bytes(`\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'r'.repeat(32)}\x20${'s'.repeat(32)}`.padEnd(517, '\0')),
  ssh: bytes('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n'),
  socks4: bytes('\x04\x01\x00\x50\xc0\x00\x02\x07\x00'),
  socks5: bytes('\x05\x02\x00\x01'),
  postgres: bytes('\x00\x00\x00\x08\x04\xd2\x16\x2f'),
  redis: bytes('*1\r\n$4\r\nping\r\n'),
  mqtt: bytes('\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03id1'),
  amqp: bytes('AMQP\x00\x00\x09\x01'),
  rdp: bytes('\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00'),
  rtsp: bytes('OPTIONS rtsp://example.com/stream RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
};

/** The two flights of cmux's own benchmarks; ours needs the end of the request line, where theirs is content with the method. */
export const cmuxFlights = { http1Line: padded('GET http://www.w3.org/ HTTP/1.1\r\n'), http2: padded(PREFACE) };
