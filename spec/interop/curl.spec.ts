import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { join } from 'node:path';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { http1, http2 as http2Matcher, tls } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { describePeer } from './peer.js';
import { Lab } from './run.js';

/** Says what it was asked over; gives bodies back. */
function answer(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
  if (request.method === 'POST') {
    request.pipe(response as ServerResponse);
    return;
  }
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  (response as ServerResponse).end(`${scheme} ${request.httpVersion} ${request.url ?? ''}\n`);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describePeer(['curl'], 'curl', ({ curl }) => {
  const lab = new Lab();
  const body = randomBytes(1_000_000);
  let directory = '';
  let port = 0;

  beforeAll(async () => {
    const pem = await localhostPem();
    directory = lab.directory();
    writeFileSync(join(directory, 'cert.pem'), pem.cert);
    writeFileSync(join(directory, 'body'), body);
    const [web1, web2] = [toHttp(http.createServer(answer)), toHttp2(http2.createServer(answer))];
    port = await lab.port((conns$) => {
      const outer = partitionByProtocol(conns$, { web1: http1(), web2: http2Matcher(), secure: tls() });
      const secure$ = outer.secure.pipe(terminateTls({ ...pem, ALPNProtocols: ['h2', 'http/1.1'] }));
      const inner = partitionByProtocol(secure$, { web1: http1(), web2: http2Matcher() });
      return [outer, inner].flatMap(({ web1: h1$, web2: h2$ }) => [h1$.subscribe(web1), h2$.subscribe(web2)]);
    });
  });
  afterAll(() => lab.down());

  const ask = (scheme: string, path: string, ...args: string[]) =>
    lab.run(curl, ['-sS', '--cacert', 'cert.pem', ...args, `${scheme}://localhost:${port}${path}`], { cwd: directory });

  test.each([
    [8_200, '200'],
    [16_000, '200'],
    [17_000, '414'],
    [100_000, '414'],
  ])('a URL of %d bytes is answered %s', async (bytes, status) => {
    const outcome = await ask('http', `/${'a'.repeat(bytes)}`, '-o', '/dev/null', '-w', '%{http_code}');
    expect(outcome).toMatchObject({ code: 0, stdout: status, stderr: '' });
  });

  const ways = [
    ['http', '--http1.1', '1.1'],
    ['http', '--http2-prior-knowledge', '2.0'],
    ['https', '--http1.1', '1.1'],
    ['https', '--http2', '2.0'],
  ] as const;

  test.each(ways)('%s %s is answered over HTTP/%s', async (scheme, flag, version) => {
    const outcome = await ask(scheme, '/page?q=1', flag);
    expect(outcome).toEqual({ code: 0, stdout: `${scheme} ${version} /page?q=1\n`, stderr: '' });
  });

  test.each(ways.map(([scheme, flag]) => [scheme, flag] as const))(
    'case 8: %s %s posts 1 MB, and gets it back intact',
    async (scheme, flag) => {
      const outcome = await ask(scheme, '/', flag, '--data-binary', '@body', '-o', 'back');
      expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(sha256(readFileSync(join(directory, 'back')))).toBe(sha256(body));
    },
  );

  test('a client that waits for 100 Continue with its body gets it', async () => {
    const continued = ['-v', '--expect100-timeout', '20', '-H', 'Expect: 100-continue', '--data-binary', 'now'];
    const { code, stdout, stderr } = await ask('http', '/', '--http1.1', ...continued);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'now' });
    expect(stderr).toContain('< HTTP/1.1 100 Continue');
  });

  test('HTTP/1.1 asked for h2c by Upgrade is answered over HTTP/1.1 (case 32)', async () => {
    expect(await ask('http', '/', '--http2')).toEqual({ code: 0, stdout: 'http 1.1 /\n', stderr: '' });
  });

  // By prior knowledge curl 7.88 sends its preface again with the second request, to any server.
  const reused = ways.filter(([, flag]) => flag !== '--http2-prior-knowledge');
  test.each(reused)('%s %s sends ten requests over one connection', async (scheme, flag, version) => {
    const outcome = await ask(scheme, '/[1-10]', flag, '-w', '%{num_connects}');
    const pages = Array.from({ length: 10 }, (_, n) => `${scheme} ${version} /${n + 1}\n${n === 0 ? 1 : 0}`);
    expect(outcome).toEqual({ code: 0, stdout: pages.join(''), stderr: '' });
  });
});
