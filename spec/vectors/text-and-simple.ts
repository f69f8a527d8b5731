import { latin1 } from '../../src/sniff/matcher.js';
import type { Flight } from '../conformance/matcher-contract.js';

const flight = (name: string, text: string): Flight => ({ name, bytes: latin1(text) });

const OPEN_CLIENT =
  "<stream:stream to='Example.org' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

/**
 * First flights by protocol. "of <program>" was recorded from that program on Debian 12: OpenSSH 9.2p1, curl 7.88.1, redis-cli 7.0.15,
 * mosquitto_pub 2.0.11. The others are written after the specification.
 */
export const simpleFlights = {
  ssh: [
    flight('the identification line of OpenSSH', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n'),
    flight('an old client that also speaks 1.x', 'SSH-1.99-OpenSSH_3.9\r\n'),
    flight('an identification line and the first packet', 'SSH-2.0-Go\r\n\x00\x00\x01\x2c\x08\x14'),
  ],
  socks4: [
    flight('a CONNECT of curl --socks4', '\x04\x01\x00\x50\xc0\x00\x02\x07\x00'),
    flight('a CONNECT with a user of curl', '\x04\x01\x1f\x90\xc0\x00\x02\x07alice\x00'),
    flight('a CONNECT by name of curl --socks4a', '\x04\x01\x00\x50\x00\x00\x00\x01\x00example.com\x00'),
    flight('a BIND by name with a user', '\x04\x02\x00\x15\x00\x00\x00\xffbob\x00ftp.example.com\x00'),
    flight('the longest request', `\x04\x01\x01\xbb\x00\x00\x00\x01${'u'.repeat(255)}\x00${'h'.repeat(255)}\x00`),
    flight('a CONNECT and the bytes it shall carry', '\x04\x01\x00\x50\xc0\x00\x02\x07\x00GET / HTTP/1.1\r\n'),
  ],
  socks5: [
    flight('the greeting of curl --socks5', '\x05\x02\x00\x01'),
    flight('the greeting of curl with a user', '\x05\x03\x00\x01\x02'),
    flight('a greeting with one method', '\x05\x01\x00'),
    flight('a greeting and the request behind it', '\x05\x01\x00\x05\x01\x00\x03\x0bexample.com\x00\x50'),
    flight('all methods there are', `\x05\xff${String.fromCharCode(...Array.from({ length: 255 }, (_, i) => i))}`),
  ],
  redis: [
    flight('a PING of redis-cli', '*1\r\n$4\r\nping\r\n'),
    flight('a HELLO of redis-cli -3', '*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n'),
    flight('an AUTH of redis-cli', '*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n'),
    flight('two commands in one go', '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n'),
    flight('the longest command of the server', '*2\r\n$20\r\nGEORADIUSBYMEMBER_RO\r\n$1\r\nk\r\n'),
    flight('a command longer than what is looked at', `*1048576\r\n$536870911\r\n${'x'.repeat(64)}`),
  ],
  mqtt: [
    flight('a CONNECT of mosquitto_pub, MQTT 3.1.1', '\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03id1'),
    flight(
      'a CONNECT of mosquitto_pub, MQTT 3.1',
      '\x10\x25\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x17mosq-OXyIjAJ1J4qGpsGJk7',
    ),
    flight(
      'a CONNECT with a will and a user of mosquitto_pub, MQTT 5',
      '\x10\x1f\x00\x04MQTT\x05\xc6\x00\x3c\x03!\x00\x14\x00\x00\x00\x00\x01w\x00\x01z\x00\x03bob\x00\x01x',
    ),
    flight('a bridge', '\x10\x0f\x00\x04MQTT\x84\x00\x00\x3c\x00\x03br1'),
    flight('a bridge of MQTT 3.1', '\x10\x11\x00\x06MQIsdp\x83\x00\x00\x3c\x00\x03br1'),
    flight('a CONNECT of 2 MiB', '\x10\x80\x80\x80\x01\x00\x06MQIsdp\x03\xc2\x00\x3c'),
    flight('the shortest CONNECT', '\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00'),
  ],
  amqp: [
    flight('AMQP 0-9-1', 'AMQP\x00\x00\x09\x01'),
    flight('AMQP 0-10', 'AMQP\x01\x01\x00\x0a'),
    flight('AMQP 1.0', 'AMQP\x00\x01\x00\x00'),
    flight('AMQP 1.0 that wants TLS', 'AMQP\x02\x01\x00\x00'),
    flight('AMQP 1.0 that wants SASL, with a frame behind it', 'AMQP\x03\x01\x00\x00\x00\x00\x00\x1a\x02\x01\x00\x00'),
  ],
  xmpp: [
    flight('a client', OPEN_CLIENT),
    flight('a client with an XML declaration', `<?xml version='1.0'?>${OPEN_CLIENT}`),
    flight(
      'a client with a declaration, line ends and more',
      `\n<?xml version="1.0" encoding="UTF-8" ?>\r\n${OPEN_CLIENT}<starttls/>`,
    ),
    flight(
      'a server',
      '<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:server" from="a.example">',
    ),
    flight('spaces wherever XML allows them', "  <stream:stream\n\txmlns = 'jabber:client'\r\n\tto\t=\t'b.example'\n>"),
    flight('a domain in UTF-8', "<stream:stream xmlns='jabber:client' to='B\xc3\xbccher.example'>"),
    flight('a > inside a value', "<stream:stream id='a>b' xmlns='jabber:client'>"),
  ],
} satisfies Record<string, Flight[]>;

/** What others send that begins alike, or comes to the same port all the same. */
export const foreignFlights: readonly Flight[] = [
  flight('an HTTP/1.1 request', 'GET /jabber:client?x=%3Cstream:stream HTTP/1.1\r\nHost: example.com\r\n\r\n'),
  flight('an HTTP SEARCH request', 'SEARCH /contacts HTTP/1.1\r\nHost: example.com\r\n\r\n'),
  flight('the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00'),
  flight('an empty line and an HTTP request', '\r\nGET / HTTP/1.1\r\n\r\n'),
  flight('the start of a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  flight('a PROXY v1 header', 'PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n'),
  flight('a PROXY v2 header', '\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00'),
  flight('a PostgreSQL SSLRequest', '\x00\x00\x00\x08\x04\xd2\x16\x2f'),
  flight('an RDP connection request', '\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00'),
  flight('a CQL v4 STARTUP', '\x04\x00\x00\x00\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0'),
  flight('a CQL v5 STARTUP', '\x05\x00\x00\x00\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0'),
  flight('a STOMP frame', 'STOMP\naccept-version:1.2\nhost:example.com\n\n\x00'),
  flight('a syslog line', "<34>1 2003-10-11T22:14:15.003Z host su - - - 'su root' failed\n"),
  flight('an HTML page', '<!DOCTYPE html><title>jabber:client</title>'),
  flight('JSON', '{"jsonrpc":"2.0","method":"ping","id":1}\n'),
  flight('zeros', '\x00'.repeat(64)),
  flight('all ones', '\xff'.repeat(64)),
];

/** Everything but the flights of one protocol: what its matcher must refuse. */
export function flightsBesides(protocol: keyof typeof simpleFlights): readonly Flight[] {
  const others = Object.entries(simpleFlights).filter(([name]) => name !== protocol);
  return [
    ...others.flatMap(([name, flights]) => flights.map((f) => ({ ...f, name: `${name}: ${f.name}` }))),
    ...foreignFlights,
  ];
}
