import { afterAll, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { http1, tls } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';
import { describePeer } from './peer.js';
import { freePort, Lab, type Program } from './run.js';

const REQUEST = 'GET /early HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

describePeer(['openssl'], 'a client that sends data with its ClientHello', ({ openssl }) => {
  const lab = new Lab();
  afterAll(() => lab.down());

  test('case 10: hello and early data in one segment reach a server that takes them, and one that does not goes on without', async () => {
    const folder = lab.directory();
    const cert = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    const early = join(folder, 'early');
    const made = await lab.run(openssl, [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
    ]);
    expect(made.code).toBe(0);
    writeFileSync(early, REQUEST);

    const backend = await freePort();
    const server = lab.start(openssl, [
      's_server',
      '-accept',
      `127.0.0.1:${backend}`,
      '-cert',
      cert,
      '-key',
      key,
      '-tls1_3',
      '-early_data',
      '-max_early_data',
      '16384',
      '-no_anti_replay',
    ]);
    await server.accepts({ port: backend, host: '127.0.0.1' });
    const proxied = await lab.port((conns$) => [
      conns$.pipe(sniff(tls())).subscribe(proxyTo({ port: backend, host: '127.0.0.1' })),
    ]);

    // s_client writes each ticket it gets to a file, which shows that the handshake is behind it; its output comes at its end.
    const connected = async (port: number, session: string, ...args: readonly string[]): Promise<Program> => {
      const program = lab.start(openssl, [
        's_client',
        '-connect',
        `127.0.0.1:${port}`,
        '-tls1_3',
        '-sess_out',
        session,
        ...args,
      ]);
      await program.until(() =>
        Promise.resolve(existsSync(session) && readFileSync(session).includes('END') ? true : undefined),
      );
      return program;
    };
    const withEarlyData = ['-sess_in', join(folder, 'first'), '-early_data', early];

    const first = await connected(proxied, join(folder, 'first'));
    first.write('Q\n');
    expect((await first.ended).code).toBe(0);

    const second = await connected(proxied, join(folder, 'second'), ...withEarlyData);
    second.write('Q\n');
    expect((await second.ended).stdout).toContain('Early data was accepted');
    await server.stop('SIGTERM');
    expect((await server.ended).stdout).toContain('GET /early HTTP/1.1');

    const pem = { cert: readFileSync(cert), key: readFileSync(key) };
    const web = toHttp(http.createServer((req, res) => res.end(`served ${req.url ?? ''}`)));
    const terminated = await lab.port((conns$) => [
      conns$.pipe(sniff(tls()), terminateTls(pem), sniff(http1())).subscribe(web),
    ]);
    const third = await connected(terminated, join(folder, 'third'), ...withEarlyData);
    third.write(REQUEST.replace('/early', '/after'));
    const { stdout } = await third.ended;
    expect(stdout).toContain('Early data was rejected');
    expect(stdout).toContain('served /after');
  });
});
