import { afterEach, expect, test } from '@jest/globals';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { duplexPair } from 'node:stream';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import type { Sink } from '../../src/serve/sink.js';
import { MAX_HANDSHAKES } from '../../src/serve/tls-handshakes.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import { localhostPem, Stage } from './sink-harness.js';

const HALF_A_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

const stage = new Stage();
afterEach(() => stage.down());

const SINKS: Readonly<Record<string, (pem: { readonly cert: string; readonly key: string }) => Sink>> = {
  'toHttp with https': (pem) => toHttp(https.createServer(pem)),
  'toHttp2 with TLS': (pem) => toHttp2(http2.createSecureServer(pem)),
  toTls: (pem) => toTls(tls.createServer(pem, (socket) => socket.on('error', () => undefined))),
};

test.each(Object.entries(SINKS))(
  '%s ends the oldest of more than 1024 handshakes, and no other',
  async (_name, make) => {
    const sink = make(await localhostPem());
    // Of sockets two are enough; the others are in memory.
    const port = await stage.serve(sink);
    const [first, second] = [await stage.client(port), await stage.client(port)];
    for (const client of [first, second]) client.socket.write(HALF_A_HELLO);
    while (first.socket.bytesWritten + second.socket.bytesWritten < 2 * HALF_A_HELLO.length)
      await new Promise(setImmediate);
    const secured = tls.connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await new Promise((resolve) => secured.once('secureConnect', resolve));
    const far = Array.from({ length: MAX_HANDSHAKES - 2 }, () => {
      const [near, taken] = duplexPair();
      sink.next(fromDuplex(taken));
      near.on('error', () => undefined);
      return taken;
    });
    expect(far.filter(({ destroyed }) => destroyed)).toEqual([]);
    const [, more] = duplexPair();
    sink.next(fromDuplex(more));
    await Promise.race([first.ended, second.ended]);
    expect(far.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(secured.destroyed).toBe(false);
    secured.destroy();
    for (const stream of [...far, more]) stream.destroy();
  },
);
