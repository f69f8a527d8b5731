import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { http2 as http2Matcher, http2Header, tls } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { describePeer } from './peer.js';
import { Lab } from './run.js';

describePeer(['nghttp', 'h2load'], 'nghttp2', ({ nghttp, h2load }) => {
  const lab = new Lab();
  let directory = '';
  let port = 0;

  const serve = (name: string) =>
    toHttp2(
      http2.createServer((request, response) => {
        response.setHeader('served-by', name);
        request.pipe(response);
      }),
    );

  beforeAll(async () => {
    const pem = await localhostPem();
    directory = lab.directory();
    writeFileSync(join(directory, 'body'), Buffer.alloc(1_000_000, 'abcdefg'));
    const sinks = { plain: serve('plain'), tenant: serve('tenant'), inside: serve('inside') };
    port = await lab.port((conns$) => {
      // By a header first, so that every HTTP/2 client's first request is decoded.
      const tenant = http2Header('x-tenant', 'blue');
      const routes = { blue: tenant, plain: http2Matcher(), secure: tls() };
      const { blue, plain, secure } = partitionByProtocol(conns$, routes, { maxBytes: 32 * 1024 });
      const { inside } = partitionByProtocol(secure.pipe(terminateTls({ ...pem, ALPNProtocols: ['h2'] })), {
        inside: http2Matcher(),
      });
      return [blue.subscribe(sinks.tenant), plain.subscribe(sinks.plain), inside.subscribe(sinks.inside)];
    });
  });
  afterAll(() => lab.down());

  const at = (scheme: string): string => `${scheme}://localhost:${port}/`;
  const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

  test('nghttp -v sees a session without errors: SETTINGS both ways, one response', async () => {
    const { code, stdout } = await lab.run(nghttp, ['-nv', at('http')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/recv \(stream_id=\d+\) :status: 200/);
    expect(stdout).toContain('recv (stream_id=13) served-by: plain');
    // Its own and no second one: rxmux speaks only to clients that wait.
    expect(count(stdout, /recv SETTINGS frame <[^>]*flags=0x00/g)).toBe(1);
    expect(count(stdout, /recv SETTINGS frame <[^>]*flags=0x01/g)).toBe(1);
  });

  test('nghttp sends a hundred requests over one connection', async () => {
    const { code, stdout } = await lab.run(nghttp, ['-nv', '-m', '100', at('http')]);
    expect(code).toBe(0);
    expect(count(stdout, /:status: 200/g)).toBe(100);
  });

  test('nghttp is routed by a header of its first request, PRIORITY frames before it skipped (case 34)', async () => {
    const { code, stdout } = await lab.run(nghttp, ['-nv', '-H', 'x-tenant: blue', at('http')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/send PRIORITY frame[^]*send HEADERS frame/);
    expect(stdout).toContain('served-by: tenant');
  });

  test('nghttp is answered when its HEADERS goes on in CONTINUATION frames (case 36)', async () => {
    const { code, stdout } = await lab.run(nghttp, ['-nv', '--continuation', '-H', 'x-tenant: blue', at('http')]);
    expect(code).toBe(0);
    // nghttp counts them as one; a single frame has 16 KiB at most.
    expect(Number(/send HEADERS frame <length=(\d+)/.exec(stdout)?.[1])).toBeGreaterThan(16_384);
    expect(stdout).toContain('served-by: tenant');
  });

  test('nghttp posts padded frames of 1 MB inside TLS, and gets them back', async () => {
    const { code, stdout } = await lab.run(nghttp, ['-b', '64', '-d', 'body', at('https')], { cwd: directory });
    expect({ code, same: stdout === 'abcdefg'.repeat(142_858).slice(0, 1_000_000) }).toEqual({ code: 0, same: true });
  });

  test('h2load: 20 connections with 10 streams each, 4000 requests, none fails', async () => {
    const { code, stdout } = await lab.run(h2load, ['-n', '4000', '-c', '20', '-m', '10', at('http')]);
    expect(code).toBe(0);
    expect(stdout).toContain('4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored, 0 timeout');
  });
});
