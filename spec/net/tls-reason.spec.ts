import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { firstValueFrom, lastValueFrom, Subject } from 'rxjs';
import { dial } from '../../src/net/dial.js';
import { terminateTls, type TerminateTlsOptions, type TlsRejection } from '../../src/net/terminate-tls.js';
import { checkTlsFiles } from '../../src/net/tls-options.js';
import { localhostPem } from '../serve/sink-harness.js';
import { loopback } from './loopback.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

/** How a connection is rejected whose client does what it likes. */
async function rejection(act: (port: number) => void, options: Partial<TerminateTlsOptions> = {}): Promise<string> {
  const rejected = new Subject<TlsRejection>();
  const told = firstValueFrom(rejected);
  const lab = await loopback((conns$) => conns$.pipe(terminateTls({ ...pem, ...options, rejected })).subscribe());
  downs.push(() => {
    lab.close();
  });
  act(lab.port);
  const { message, code } = (await told).error;
  expect(code).toBe('ERR_MUX_TLS');
  return message.replace(/connection \d+/, 'connection');
}

describe('a handshake that fails is told in one plain line', () => {
  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 'the client sent an HTTP request in the clear'],
    ['POST / HTTP/1.1\r\n\r\n', 'the client sent an HTTP request in the clear'],
    ['CONNECT a.test:443 HTTP/1.1\r\n\r\n', 'the client sent a CONNECT request in the clear'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'the peer does not speak TLS'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'the peer does not speak TLS'],
  ])('of %j', async (bytes, reason) => {
    const text = await rejection((port) => {
      const client = connect(port, '127.0.0.1').on('error', () => undefined);
      client.write(bytes);
      downs.push(() => client.destroy());
    });
    expect(text).toBe(`[ERR_MUX_TLS] TLS handshake of connection failed: ${reason}`);
  });

  it.each<[string, Partial<TerminateTlsOptions>, ConnectionOptions, string]>([
    [
      'version',
      { minVersion: 'TLSv1.3' },
      { maxVersion: 'TLSv1.2' },
      'the peer offers no TLS version that is allowed here',
    ],
    [
      'ALPN',
      { ALPNProtocols: ['h2'] },
      { ALPNProtocols: ['x'] },
      'the peer offers no application protocol (ALPN) that is spoken here',
    ],
    ['certificate', { requestCert: true }, {}, 'peer did not return a certificate'],
  ])('for want of a common %s', async (_name, server, client, reason) => {
    const text = await rejection((port) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
      socket.on('error', () => undefined);
      downs.push(() => socket.destroy());
    }, server);
    expect(text).toBe(`[ERR_MUX_TLS] TLS handshake of connection failed: ${reason}`);
  });
});

describe('OpenSSL is not quoted', () => {
  it('when a server that was dialed speaks no TLS', async () => {
    const server = createServer((socket) => {
      socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      downs.push(() => socket.destroy());
    }).listen(0, '127.0.0.1');
    downs.push(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    await expect(lastValueFrom(dial({ port, host: '127.0.0.1', tls: {} }))).rejects.toMatchObject({
      code: 'ERR_MUX_CONNECT',
      message: `[ERR_MUX_CONNECT] can't connect to 127.0.0.1:${port}: the peer does not speak TLS`,
    });
  });

  it('when a key is none', () => {
    expect(() => checkTlsFiles({ cert: pem.cert, key: 'no key' })).toThrow(
      "these TLS options can't be used: a key is in a format that is not supported; a certificate and its key are PEM and belong together",
    );
  });
});
