import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Server } from 'node:net';
import { PassThrough } from 'node:stream';
import tls from 'node:tls';
import { asyncScheduler, VirtualTimeScheduler } from 'rxjs';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import type { Sink } from '../../src/serve/sink.js';
import { toTls } from '../../src/serve/to-tls.js';
import { localhostPem, Stage } from './sink-harness.js';

const SINKS = 12;

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

const kinds: Record<string, () => readonly [Server, () => Sink]> = {
  'node:http': () => {
    const server = http.createServer();
    return [server, () => toHttp(server)];
  },
  'node:https': () => {
    const server = https.createServer(pem);
    return [server, () => toHttp(server)];
  },
  'node:http2': () => {
    const server = http2.createServer();
    return [server, () => toHttp2(server)];
  },
  'a secure server of node:http2': () => {
    const server = http2.createSecureServer({ ...pem, allowHTTP1: true });
    return [server, () => toHttp2(server)];
  },
  'node:tls': () => {
    const server = tls.createServer(pem);
    return [server, () => toTls(server)];
  },
};

const isList = (key: string | symbol): boolean =>
  typeof key === 'symbol' && key.description === 'http.server.connections';

/** All that can be left on a server but Node's list of connections: properties, public and private, and listeners. */
function contents(server: Server): unknown {
  const keys = Reflect.ownKeys(server).filter((key) => !isList(key));
  return {
    properties: keys.map((key) => [key.toString(), typeof Reflect.get(server, key)]),
    listeners: server.eventNames().map((name) => [name, server.listenerCount(name)]),
    halfOpen: Reflect.get(server, 'httpAllowHalfOpen') as unknown,
    listening: server.listening,
  };
}

describe.each(Object.keys(kinds))('on a server of %s', (name) => {
  test(`${SINKS} sinks leave nothing when they are closed, in any order`, async () => {
    const [server, sinkOf] = kinds[name]?.() as ReturnType<(typeof kinds)[string]>;
    const before = contents(server);
    const sinks = Array.from({ length: SINKS }, sinkOf);
    const withSinks = contents(server);
    for (const sink of [...sinks.slice(6), ...sinks.slice(0, 5)]) await sink.close();
    expect(contents(server)).toEqual(withSinks);
    await sinks[5]?.close();
    expect(contents(server)).toEqual(before);
  });

  // Native parsers point to it. When it was dropped, Node crashed as soon as the garbage collector had come round.
  test("Node's list of connections stays", async () => {
    const [server, sinkOf] = kinds[name]?.() as ReturnType<(typeof kinds)[string]>;
    const sink = sinkOf();
    const lists = (): unknown[] =>
      Reflect.ownKeys(server)
        .filter(isList)
        .map((key): unknown => Reflect.get(server, key));
    const withSink = lists();
    expect(withSink).toHaveLength(name.includes('http') && name !== 'node:http2' ? 1 : 0);
    await sink.close();
    expect(lists()).toEqual(withSink);
  });

  test('a sink more puts no listener more on it', () => {
    const [server, sinkOf] = kinds[name]?.() as ReturnType<(typeof kinds)[string]>;
    sinkOf();
    const withOne = contents(server);
    for (let i = 1; i < SINKS; i++) sinkOf();
    expect(contents(server)).toEqual(withOne);
  });

  test('what somebody else put on it meanwhile stays', async () => {
    const [server, sinkOf] = kinds[name]?.() as ReturnType<(typeof kinds)[string]>;
    const sink = sinkOf();
    const close = server.close.bind(server);
    let calls = 0;
    server.close = (callback) => {
      calls++;
      return close(callback);
    };
    await sink.close();
    await new Promise((resolve) => server.close(resolve));
    expect(calls).toBe(1);
  });
});

test('the check of the deadlines of a server stops with its last sink', async () => {
  const server = http.createServer();
  const sink = toHttp(server);
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connectionsCheckingInterval',
  );
  const timer = Reflect.get(server, symbol as symbol) as NodeJS.Timeout & { readonly _destroyed: boolean };
  expect(timer._destroyed).toBe(false);
  await sink.close();
  expect(timer._destroyed).toBe(true);
});

test('a session of HTTP/2 has one probe, however many sinks its server has', async () => {
  const server = http2.createServer();
  const [sink] = Array.from({ length: SINKS }, () => toHttp2(server));
  const schedule = jest.spyOn(asyncScheduler, 'schedule');
  stage.onDown(() => {
    schedule.mockRestore();
  });
  const port = await stage.serve(sink as Sink);
  const client = http2.connect(`http://127.0.0.1:${port}`);
  stage.onDown(() => client.destroy());
  await once(client, 'remoteSettings');
  expect(schedule.mock.calls.filter(([, delayMs]) => delayMs === 5000)).toHaveLength(1);
});

test('a server takes sinks of one kind, and of another once those are closed', async () => {
  const server = https.createServer(pem);
  const sink = toHttp(server);
  expect(() => toTls(server)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  await sink.close();
  await toTls(server).close();
});

test('close cuts what one sink handed over, and not what another did', async () => {
  const server = tls.createServer(pem);
  const [one, other] = [toTls(server), toTls(server)];
  const [cut, kept] = [new PassThrough(), new PassThrough()];
  one.next(fromDuplex(cut));
  other.next(fromDuplex(kept));
  const scheduler = new VirtualTimeScheduler();
  const closed = one.close({ graceMs: 10, scheduler });
  scheduler.flush();
  await closed;
  expect([cut.destroyed, kept.destroyed]).toEqual([true, false]);
  kept.destroy();
});
