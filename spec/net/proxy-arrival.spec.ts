import { afterEach, describe, expect, it } from '@jest/globals';
import { Subject, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { ProxyRejection } from '../../src/net/proxy-arrival.js';
import { proxyProtocol, type ProxyProtocolOptions } from '../../src/net/proxy-protocol.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { virtually } from '../testing/virtually.js';

const PROXY_IP = '10.0.0.9';
const STRANGER_IP = '203.0.113.66';
const HEADER = 'PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\n';
const V2 = '\r\n\r\n\x00\r\nQUIT\n';
const IPV4_BLOCK = '\xcb\x00\x71\x07\x0a\x00\x00\x05\xc78\x01\xbb';

const open: Subscription[] = [];
afterEach(() => {
  for (const subscription of open.splice(0)) subscription.unsubscribe();
});

/** Runs the stage over connections made in memory and writes down all it does. */
function gate(options: Partial<ProxyProtocolOptions> = {}) {
  const conns$ = new Subject<Conn>();
  const rejected: ProxyRejection[] = [];
  const emitted: Conn[] = [];
  const log: string[] = [];
  const stage = proxyProtocol({ trust: ['10.0.0.0/8'], rejected: { next: (r) => rejected.push(r) }, ...options });
  const subscription = conns$.pipe(stage).subscribe({
    next: (conn) => emitted.push(conn),
    error: (error: unknown) => log.push(`error ${String(error)}`),
    complete: () => log.push('complete'),
  });
  open.push(subscription);
  const connect = (remoteAddress: string | undefined = PROXY_IP, ...first: readonly string[]) => {
    const [client, server] = memoryPipe();
    server._readdress({ remoteAddress, remotePort: 4000, localAddress: '10.0.0.1', localPort: 80 });
    conns$.next(server);
    for (const bytes of first) client.next(latin1(bytes));
    return { client, server, ends: received(client) };
  };
  const texts = (): string[] => rejected.map(({ error }) => error.message.replace(/^.*: /, ''));
  return { conns$, rejected, texts, emitted, log, subscription, connect };
}

/** What a connection receives, its end included. */
function received(conn: Conn): string[] {
  const chunks: string[] = [];
  conn.subscribe({
    next: (bytes) => chunks.push(Buffer.from(bytes).toString('latin1')),
    complete: () => chunks.push('FIN'),
    error: () => chunks.push('closed'),
  });
  return chunks;
}

const letters = (text: string): string[] => Array.from(text);
const addresses = (conn: Conn): unknown[] => [conn.remoteAddress, conn.remotePort, conn.localAddress, conn.localPort];
const REAL = [PROXY_IP, 4000, '10.0.0.1', 80];

describe('a connection from a trusted peer', () => {
  it('is emitted, the same Conn, with the client for its peer and without the header', () => {
    const { emitted, connect } = gate();
    const { server } = connect(PROXY_IP, `${HEADER}GET /`, ' HTTP/1.1');
    expect(emitted).toEqual([server]);
    expect(addresses(server)).toEqual(['203.0.113.7', 51000, '10.0.0.5', 443]);
    expect(server.meta.proxy).toEqual({
      version: 1,
      command: 'proxy',
      sourceAddress: '203.0.113.7',
      sourcePort: 51000,
      destinationAddress: '10.0.0.5',
      destinationPort: 443,
      tlvs: [],
    });
    expect(received(server).join('')).toBe('GET / HTTP/1.1');
  });

  it('keeps what earlier stages found out', () => {
    const { conns$ } = gate();
    const [client, server] = memoryPipe();
    server._identify('before', { known: true });
    server._readdress({ remoteAddress: PROXY_IP });
    conns$.next(server);
    client.next(latin1(HEADER));
    expect(server.meta).toMatchObject({ before: { known: true }, proxy: { version: 1 } });
    expect(server.protocol).toBe('before');
  });

  it('case 52: is emitted as soon as its header is whole, so that the server may speak first', () => {
    const { emitted, connect } = gate();
    const { client, server, ends } = connect(PROXY_IP, HEADER.slice(0, -1));
    expect(emitted).toEqual([]);
    client.next(latin1('\n'));
    expect(emitted).toEqual([server]);
    server.next(latin1('220 ready\r\n'));
    expect(ends).toEqual(['220 ready\r\n']);
  });

  it('case 51: a second header is payload', () => {
    const { emitted, connect } = gate();
    const { server } = connect(PROXY_IP, `${HEADER}PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n`);
    expect(emitted).toEqual([server]);
    expect(server.remoteAddress).toBe('203.0.113.7');
    expect(received(server)).toEqual(['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n']);
  });

  it.each([
    ['LOCAL', `${V2} \x00\x00\x00`, { version: 2, command: 'local', tlvs: [] }],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n', { version: 1, command: 'proxy', tlvs: [] }],
    ['UNSPEC', `${V2}!\x00\x00\x00`, { version: 2, command: 'proxy', tlvs: [] }],
    [
      'a Unix path',
      `${V2}!1\x00\xd8${'/run/a'.padEnd(108, '\x00')}${'/run/b'.padEnd(108, '\x00')}`,
      { version: 2, command: 'proxy', sourceAddress: '/run/a', destinationAddress: '/run/b', tlvs: [] },
    ],
  ])('case 51: keeps its real addresses when the header says %s', (_, header, meta) => {
    const { emitted, connect } = gate();
    const { server } = connect(PROXY_IP, `${header}hello`);
    expect(emitted).toEqual([server]);
    expect(addresses(server)).toEqual(REAL);
    expect(server.meta.proxy).toEqual(meta);
    expect(received(server)).toEqual(['hello']);
  });

  it.each([
    ['no header', 'GET / HTTP/1.1\r\n\r\n', 'it does not begin with a PROXY header'],
    ['case 29: a word that begins like one', 'PROPFIND', 'it does not begin with a PROXY header'],
    [
      'case 51: a v1 header of 108 bytes',
      `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`,
      'its PROXY header is malformed, too long or cut off',
    ],
    ['a v1 header with a bad field', 'PROXY TCP4 1.2.3.256 ', 'its PROXY header is malformed, too long or cut off'],
    ['a v2 header over maxBytes', `${V2}!\x11\x10\x00`, 'its PROXY header is malformed, too long or cut off'],
    [
      'case 51: a bad CRC32c',
      `${V2}!\x11\x00\x13${IPV4_BLOCK}\x03\x00\x04\x01\x02\x03\x04`,
      'its PROXY header is malformed, too long or cut off',
    ],
    [
      'case 51: a TLV overrun',
      `${V2}!\x11\x00\x10${IPV4_BLOCK}\x04\x00\x02x`,
      'its PROXY header is malformed, too long or cut off',
    ],
  ])('is closed and told for %s', (_, first, text) => {
    const { emitted, rejected, texts, connect } = gate();
    const { server, ends } = connect(PROXY_IP, first);
    expect(emitted).toEqual([]);
    expect(texts()).toEqual([text]);
    expect(rejected).toMatchObject([{ conn: server, error: { code: 'ERR_MUX_PROXY_HEADER', initiator: 'remote' } }]);
    expect(rejected[0]?.error.message).toContain(`connection ${server.id} from ${PROXY_IP}`);
    expect(ends).toEqual(['closed']);
    expect(received(server)).toEqual(['closed']);
  });

  it('is closed and told when it ends within its header', () => {
    const { texts, connect } = gate();
    const { client, ends } = connect(PROXY_IP, HEADER.slice(0, 20));
    client.complete();
    expect(texts()).toEqual(['its PROXY header is malformed, too long or cut off']);
    expect(ends).toEqual(['closed']);
  });

  it('is told, with the cause, when it is reset within its header', () => {
    const { texts, rejected, connect } = gate();
    const { client } = connect(PROXY_IP, HEADER.slice(0, 20));
    client.error(new Error('gone'));
    expect(texts()).toEqual(['it was closed within its PROXY header']);
    expect(rejected).toMatchObject([{ error: { cause: { code: 'ERR_MUX_RESET' } } }]);
  });

  it('is dropped silently when it comes and goes without a byte', () => {
    const { emitted, rejected, connect } = gate();
    const ended = connect();
    ended.client.complete();
    const reset = connect();
    reset.client.error(new Error('gone'));
    expect([emitted, rejected]).toEqual([[], []]);
    expect(ended.ends).toEqual(['closed']);
  });

  it('is emitted and ends well when it is the health check of a proxy', () => {
    const { emitted, rejected, connect } = gate();
    const { client, server } = connect(PROXY_IP, `${V2} \x00\x00\x00`);
    client.complete();
    expect(emitted).toEqual([server]);
    expect(received(server)).toEqual(['FIN']);
    expect(rejected).toEqual([]);
  });
});

describe('a connection from a peer that is not trusted', () => {
  it('case 51: is closed and told at once where headers are required, whatever it would send', () => {
    const { texts, connect } = gate();
    const { ends } = connect(STRANGER_IP);
    expect(texts()).toEqual(['the peer is not trusted to send a PROXY header']);
    expect(ends).toEqual(['closed']);
  });

  it.each([
    ['a good header', HEADER],
    ['a bad header', 'PROXY TCP4 x y z\r\n'],
    ['a v2 header', `${V2} \x00\x00\x00`],
  ])('case 51: is closed and told for %s where headers are optional', (_, header) => {
    const { emitted, texts, connect } = gate({ mode: 'optional' });
    const { server, ends } = connect(STRANGER_IP, header);
    expect(texts()).toEqual(['the peer is not trusted to send a PROXY header']);
    expect([emitted, addresses(server)[0], ends]).toEqual([[], STRANGER_IP, ['closed']]);
  });
});

describe('where headers are optional', () => {
  it.each([
    ['a stranger', STRANGER_IP, 'GET / HTTP/1.1\r\n\r\n'],
    ['a trusted peer', PROXY_IP, 'GET / HTTP/1.1\r\n\r\n'],
    ['case 29: one whose first byte could begin a header', STRANGER_IP, 'PROPFIND / HTTP/1.1\r\n\r\n'],
    ['case 30: one that begins with CRLF', STRANGER_IP, '\r\nGET / HTTP/1.1\r\n\r\n'],
  ])('%s without one passes untouched, byte by byte too', (_, address, request) => {
    const { emitted, rejected, connect } = gate({ mode: 'optional' });
    const { server } = connect(address, request);
    const { server: slow } = connect(address, ...letters(request));
    expect(emitted).toEqual([server, slow]);
    expect(addresses(server)[0]).toBe(address);
    expect(server.meta.proxy).toBeUndefined();
    expect([received(server).join(''), received(slow).join('')]).toEqual([request, request]);
    expect(rejected).toEqual([]);
  });

  it('the header of a trusted peer counts, and a bad one is refused', () => {
    const { emitted, texts, connect } = gate({ mode: 'optional' });
    const { server } = connect(PROXY_IP, HEADER);
    expect([emitted, server.remoteAddress]).toEqual([[server], '203.0.113.7']);
    connect(PROXY_IP, 'PROXY TCP4 1.2.3.256 ');
    expect(texts()).toEqual(['its PROXY header is malformed, too long or cut off']);
  });

  it('bytes that end before they are a header pass', () => {
    const { emitted, connect } = gate({ mode: 'optional' });
    const { client, server } = connect(STRANGER_IP, 'PRO');
    client.complete();
    expect(emitted).toEqual([server]);
    expect(received(server)).toEqual(['PRO', 'FIN']);
  });
});

it('a socket that was reset before it came here, and so has a local address only, is dropped silently', () => {
  for (const options of [{}, { mode: 'optional' }, { trust: ['unix'] }] as const) {
    const { emitted, rejected, conns$ } = gate(options);
    const [client, server] = memoryPipe();
    server._readdress({ remoteAddress: undefined, localAddress: '10.0.0.1' });
    client.next(latin1(HEADER));
    conns$.next(server);
    expect([emitted, rejected, received(server)]).toEqual([[], [], ['closed']]);
  }
});

describe('trust', () => {
  it("'unix' stands for peers without an address, who are strangers otherwise", () => {
    for (const [trust, texts] of [
      [['unix'], []],
      [['0.0.0.0/0', '::/0'], ['the peer is not trusted to send a PROXY header']],
    ] as const) {
      const stage = gate({ trust });
      const [client, server] = memoryPipe();
      server._readdress({ remoteAddress: undefined });
      stage.conns$.next(server);
      client.next(latin1(HEADER));
      expect(stage.texts()).toEqual(texts);
      expect(stage.emitted).toEqual(texts.length === 0 ? [server] : []);
    }
    const { texts, connect } = gate({ trust: ['unix'] });
    connect(PROXY_IP, HEADER);
    expect(texts()).toHaveLength(1);
  });
});

describe('the deadline', () => {
  it('closes and tells a peer that is silent for 3 s, whether headers are required or not', () => {
    virtually((at, scheduler) => {
      for (const mode of ['require', 'optional'] as const) {
        const { texts, rejected, connect } = gate({ mode, scheduler });
        const { ends } = connect();
        at(2999, () => {
          expect([texts(), ends]).toEqual([[], []]);
        });
        at(3001, () => {
          expect([texts(), ends]).toEqual([['no whole PROXY header came within 3000 ms'], ['closed']]);
          expect(rejected).toMatchObject([{ error: { code: 'ERR_MUX_PROXY_HEADER', initiator: 'library' } }]);
        });
      }
    });
  });

  it('is not moved by bytes that trickle in', () => {
    virtually((at, scheduler) => {
      const { texts, connect } = gate({ scheduler, timeoutMs: 1000 });
      const { client } = connect();
      letters(HEADER).forEach((letter, i) => {
        at(1 + i * 100, () => {
          client.next(latin1(letter));
        });
      });
      at(999, () => {
        expect(texts()).toEqual([]);
      });
      at(1001, () => {
        expect(texts()).toHaveLength(1);
      });
    });
  });

  it('counts for each connection from its own arrival', () => {
    virtually((at, scheduler) => {
      const { rejected, emitted, connect } = gate({ scheduler, timeoutMs: 1000 });
      const first = connect();
      at(400, () => {
        const second = connect();
        const third = connect();
        at(300, () => {
          third.client.next(latin1(HEADER));
        });
        at(601, () => {
          expect(rejected.map(({ conn }) => conn)).toEqual([first.server]);
        });
        at(1001, () => {
          expect(rejected.map(({ conn }) => conn)).toEqual([first.server, second.server]);
          expect(emitted).toEqual([third.server]);
        });
      });
    });
  });

  it('case 52: after a header and silence the next stage has its own', () => {
    virtually((at, scheduler) => {
      const conns$ = new Subject<Conn>();
      const turnedAway: Rejection[] = [];
      const headless: ProxyRejection[] = [];
      open.push(
        conns$
          .pipe(
            proxyProtocol({
              trust: [PROXY_IP],
              scheduler,
              timeoutMs: 500,
              rejected: { next: (r) => headless.push(r) },
            }),
            sniff(http1(), { scheduler, timeoutMs: 1000, rejected: { next: (r) => turnedAway.push(r) } }),
          )
          .subscribe(),
      );
      const [client, server] = memoryPipe();
      server._readdress({ remoteAddress: PROXY_IP });
      conns$.next(server);
      at(400, () => {
        client.next(latin1(HEADER));
      });
      at(1399, () => {
        expect(turnedAway).toEqual([]);
      });
      at(1401, () => {
        expect(turnedAway).toMatchObject([{ conn: server, reason: 'timeout', afterMs: 1000 }]);
        expect(headless).toEqual([]);
      });
    });
  });
});
