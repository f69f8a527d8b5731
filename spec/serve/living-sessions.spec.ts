import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import grpc from '@grpc/grpc-js';
import { EventEmitter, once } from 'node:events';
import http2, { type Http2Session, type ServerHttp2Session } from 'node:http2';
import { duplexPair, PassThrough } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { endWhenSilent, type ProbeOptions } from '../../src/serve/living-sessions.js';
import type { Sink } from '../../src/serve/sink.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { http2 as h2 } from '../../src/sniff/matchers/http2.js';
import { sniff } from '../../src/sniff/sniff.js';
import { Client, localhostPem, Stage } from './sink-harness.js';

const hello = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const ack = Buffer.from('000000040100000000', 'hex');
// HEADERS, END_STREAM and END_HEADERS: :method POST, :scheme http, :path /, :authority x
const request = Buffer.from('000006010500000001838684410178', 'hex');
const reset = (code: number): Buffer => Buffer.from(`000004030000000001${code.toString(16).padStart(8, '0')}`, 'hex');
/** What follows the preface and SETTINGS in the same packet. */
const overAtOnce: readonly (readonly [string, Buffer])[] = [
  ['a request taken back (CANCEL)', Buffer.concat([request, reset(8)])],
  ['a request taken back (NO_ERROR)', Buffer.concat([request, reset(0)])],
  ['a request taken back (INTERNAL_ERROR)', Buffer.concat([request, reset(2)])],
  ['a request and an acknowledgement too many', Buffer.concat([request, ack, ack])],
];
// The server's SETTINGS are acknowledged; HEADERS or DATA of the answer to stream 1 follow.
const ANSWERED = /\x01[\x04\x05]\0\0\0\x01/;

const stage = new Stage();
afterEach(() => stage.down());

function answering(): Sink {
  const server = http2.createServer();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('served');
  });
  return toHttp2(server);
}

const rejecting = (): Sink => toGrpc(new grpc.Server(), grpc.ServerCredentials.createInsecure());

function sniffed(sink: Sink): (conn: Conn) => void {
  const conns$ = new Subject<Conn>();
  const serving = conns$.pipe(sniff(h2())).subscribe(sink);
  stage.onDown(() => {
    serving.unsubscribe();
  });
  return (conn) => {
    conns$.next(conn);
  };
}

async function answered(client: Client): Promise<void> {
  while (!ANSWERED.test(client.text)) await once(client.socket, 'data');
}

describe.each([
  ['toHttp2', answering],
  ['toGrpc', rejecting],
])('%s', (_name, make) => {
  test.each(overAtOnce)(
    '%s in the first packet ends no process, and the next client is served',
    async (_what, flight) => {
      const port = await stage.listen(sniffed(make()));
      // The first one shows where the server of grpc-js is, so one more has to follow.
      for (let n = 0; n < 2; n++) {
        const hostile = await stage.client(port);
        hostile.socket.end(Buffer.concat([hello, flight]));
        await hostile.closed;
      }
      const client = await stage.client(port);
      client.socket.write(Buffer.concat([hello, request]));
      await answered(client);
      expect(client.error).toBeUndefined();
    },
  );

  test.each(overAtOnce)(
    '%s in the first packet of a stream that is no socket ends no process',
    async (_what, flight) => {
      const [near, far] = duplexPair();
      const closed = once(far, 'close');
      sniffed(make())(fromDuplex(far));
      near.on('error', () => undefined).resume();
      near.end(Buffer.concat([hello, flight]));
      await closed;
      expect(far.destroyed).toBe(true);
    },
  );
});

describe('endWhenSilent', () => {
  const FIRST = 5000;
  const MINUTE = 60_000;
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A session of which only what the probe uses is there. */
  function probed(options: ProbeOptions = {}) {
    const socket = { bytesRead: 0 };
    const session = Object.assign(new EventEmitter(), {
      socket,
      destroyed: false,
      ping: jest.fn(),
      destroy: jest.fn(() => {
        session.destroyed = true;
        session.emit('close');
      }),
    });
    endWhenSilent(session as unknown as Http2Session, options);
    return session;
  }

  test('destroys what a session runs over that never closes', () => {
    const session = Object.assign(new EventEmitter(), {
      destroyed: false,
      socket: { bytesRead: 0 },
      ping: () => undefined,
      destroy: () => (session.destroyed = true),
    });
    const carrier = new PassThrough();
    endWhenSilent(session as unknown as Http2Session, { probeMs: 1000 }, carrier);
    jest.advanceTimersByTime(1000);
    expect(carrier.destroyed).toBe(false);
    jest.advanceTimersByTime(1000);
    expect([session.destroyed, carrier.destroyed]).toEqual([true, true]);
    session.emit('close');
  });

  /** With and without a request, and the time between two PINGs. */
  const times = [
    ['before its first request', false, {}, FIRST],
    ['after a request', true, {}, MINUTE],
    ['before its first request, with probeMs', false, { probeMs: 1000 }, 1000],
    ['before its first request, with a long probeMs', false, { probeMs: 10 * MINUTE }, FIRST],
    ['after a request, with probeMs', true, { probeMs: 1000 }, 1000],
  ] as const;

  describe.each(times)('%s', (_name, hasAsked, options, ms) => {
    function begun() {
      const session = probed(options);
      if (hasAsked) session.emit('stream');
      return session;
    }

    test('leaves a session alone from which something came between two PINGs', () => {
      const session = begun();
      for (let n = 0; n < 5; n++) {
        session.socket.bytesRead++;
        jest.advanceTimersByTime(ms);
      }
      expect(session.ping).toHaveBeenCalledTimes(5);
      expect(session.destroy).not.toHaveBeenCalled();
    });

    test('destroys a session from which nothing came between two PINGs, and stops', () => {
      const session = begun();
      jest.advanceTimersByTime(2 * ms - 1);
      expect(session.destroy).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(session.destroy).toHaveBeenCalledTimes(1);
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  test('a time that can not be is refused', () => {
    const server = new grpc.Server();
    const insecure = grpc.ServerCredentials.createInsecure();
    for (const probeMs of [0, 1.5, 2 ** 31]) {
      expect(() => toHttp2(http2.createServer(), { probeMs })).toThrow(/ERR_MUX_OPTION.*probeMs/);
      expect(() => toGrpc(server, insecure, { probeMs })).toThrow(/ERR_MUX_OPTION.*probeMs/);
      expect(() => toGrpc(server.createConnectionInjector(insecure), { probeMs })).toThrow(/ERR_MUX_OPTION.*probeMs/);
    }
  });

  test.each([
    ['toHttp2', false],
    ['toHttp2', true],
    ['toGrpc', false],
    ['toGrpc', true],
    ['toGrpc with an injector', false],
    ['toGrpc with an injector', true],
  ])('a client of %s (secure: %p) that breaks the protocol and stays is closed in 10 s', async (kind, isSecure) => {
    jest.useRealTimers();
    const { cert, key } = await localhostPem();
    const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
    const credentials = isSecure
      ? grpc.ServerCredentials.createSsl(null, [pair])
      : grpc.ServerCredentials.createInsecure();
    const scheduler = new VirtualTimeScheduler();
    const sinks: Record<string, () => Sink> = {
      toHttp2: () => toHttp2(isSecure ? http2.createSecureServer({ cert, key }) : http2.createServer(), { scheduler }),
      toGrpc: () => toGrpc(new grpc.Server(), credentials, { scheduler }),
      'toGrpc with an injector': () => toGrpc(new grpc.Server().createConnectionInjector(credentials), { scheduler }),
    };
    const port = await stage.serve((sinks[kind] as () => Sink)());
    const outer = await stage.client(port);
    const client = isSecure
      ? new Client(connectTls({ socket: outer.socket, ALPNProtocols: ['h2'], rejectUnauthorized: false }))
      : outer;
    client.socket.write(Buffer.concat([hello, Buffer.from('00000100000000000001', 'hex')]));
    // SETTINGS: its session has begun.
    await client.received('\x04\0\0\0\0\0');
    scheduler.maxFrames = 2 * FIRST;
    scheduler.flush();
    await client.ended;
    expect(scheduler.actions).toEqual([]);
  });

  test.each([
    ['a length over the limit', 'ffffff010400000001'],
    ['DATA on stream 0', '00000100000000000001'],
    ['a PING of 5 bytes', '0000050600000000000102030405'],
    ['CONTINUATION of nothing', '000000090400000001'],
  ])('ends the session of a client that left after %s, of which Node tells nothing', async (_what, bad) => {
    jest.useRealTimers().useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const server = http2.createServer();
    const opened = once(server, 'session') as Promise<[ServerHttp2Session]>;
    const client = await stage.client(await stage.listen(sniffed(toHttp2(server))));
    client.socket.write(Buffer.concat([hello, Buffer.from(bad, 'hex')]));
    const [session] = await opened;
    // Type, flags and stream of GOAWAY
    await client.received('\x07\0\0\0\0\0');
    client.socket.end();
    jest.advanceTimersByTime(FIRST);
    expect(session.destroyed).toBe(false);
    jest.advanceTimersByTime(FIRST);
    await client.closed;
    expect(session.destroyed).toBe(true);
  });
});
