import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { join } from 'node:path';
import { tap } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { ProxyMeta } from '../../src/conn/meta.js';
import type { ProxyHeaderOptions } from '../../src/net/proxy-header.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { encodeProxyTlvs } from '../../src/net/proxy-tlvs.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { http1, http2 as http2Matcher, tls } from '../../src/sniff/matchers/index.js';
import { sniffCounters } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { describePeer } from './peer.js';
import { freePort, Lab, type Program } from './run.js';

/** Says who the client is. */
function answer(
  { socket }: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  (response as ServerResponse).end(`${socket.remoteAddress ?? ''} ${socket.remotePort ?? ''}`);
}

describePeer(['curl', 'haproxy'], 'HAProxy in front of rxmux', ({ curl, haproxy }) => {
  const lab = new Lab();
  const headers: (ProxyMeta | undefined)[] = [];
  const rejections: unknown[] = [];
  const rejected = { next: (rejection: { readonly error: Error }) => rejections.push(rejection.error) };
  const checked = { closed: 0, counters: sniffCounters() };
  const ports = { 'send-proxy': 0, 'send-proxy-v2': 0, http: 0, tlvs: 0, checked: 0 };
  let proxy: Program;
  let ca = '';

  beforeAll(async () => {
    const pem = await localhostPem();
    const directory = lab.directory();
    ca = join(directory, 'cert.pem');
    writeFileSync(ca, pem.cert);
    const [web1, web2] = [toHttp(http.createServer(answer)), toHttp2(http2.createServer(answer))];
    const stage = proxyProtocol({ trust: ['127.0.0.1'], rejected });
    const port = await lab.port((conns$) => {
      const clients$ = conns$.pipe(
        stage,
        tap(({ meta }) => headers.push(meta.proxy)),
      );
      const routes = { web1: http1(), web2: http2Matcher(), secure: tls() };
      const outer = partitionByProtocol(clients$, routes, { rejected });
      const secure$ = outer.secure.pipe(terminateTls({ ...pem, ALPNProtocols: ['h2', 'http/1.1'], rejected }));
      const inner = partitionByProtocol(secure$, { web1: http1(), web2: http2Matcher() }, { rejected });
      return [outer, inner].flatMap((inside) => [inside.web1.subscribe(web1), inside.web2.subscribe(web2)]);
    });
    const checkedPort = await lab.port((conns$) => {
      const routes = { web: http1() };
      const { web } = partitionByProtocol(conns$.pipe(stage), routes, { rejected, counters: checked.counters });
      return [conns$.subscribe(({ closed$ }) => closed$.subscribe(() => checked.closed++)), web.subscribe(web1)];
    });
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();

    const [config, admin] = [join(directory, 'haproxy.cfg'), join(directory, 'admin.sock')];
    const section = (name: keyof typeof ports, ...lines: readonly string[]): string =>
      [`listen ${name}`, `bind 127.0.0.1:${ports[name]}`, ...lines, ''].join('\n');
    writeFileSync(
      config,
      [
        `global\nstats socket ${admin} level admin\n`,
        'defaults\nmode tcp\ntimeout connect 5s\ntimeout client 20s\ntimeout server 20s\nunique-id-format %ci:%cp\n',
        section('send-proxy', `server rxmux 127.0.0.1:${port} send-proxy`),
        section('send-proxy-v2', `server rxmux 127.0.0.1:${port} send-proxy-v2`),
        section('http', 'mode http', `server rxmux 127.0.0.1:${port} send-proxy-v2`),
        section('tlvs', `server rxmux 127.0.0.1:${port} send-proxy-v2 proxy-v2-options crc32c,unique-id`),
        section(
          'checked',
          'default-server check inter 20ms',
          `server v1 127.0.0.1:${checkedPort} send-proxy`,
          `server v2 127.0.0.1:${checkedPort} send-proxy-v2`,
        ),
      ].join('\n'),
    );
    proxy = lab.start(haproxy, ['-db', '-f', config]);
    await proxy.accepts({ path: admin });
  });
  afterEach(() => {
    expect(rejections).toEqual([]);
    headers.length = 0;
  });
  afterAll(() => lab.down());

  /** Asks from an address that HAProxy doesn't have; gives the answer, and what it must be. */
  const ask = async (scheme: string, through: keyof typeof ports, ...args: readonly string[]) => {
    const from = ['--interface', '127.0.0.2', '-w', '\n%{local_ip} %{local_port}', '-sS', '--cacert', ca];
    const outcome = await lab.run(curl, [...from, ...args, `${scheme}://127.0.0.1:${ports[through]}/`]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const [told, expected] = outcome.stdout.split('\n');
    return { told, expected };
  };

  test.each([
    ['send-proxy', 'http', '--http1.1'],
    ['send-proxy', 'http', '--http2-prior-knowledge'],
    ['send-proxy', 'https', '--http1.1'],
    ['send-proxy', 'https', '--http2'],
    ['send-proxy-v2', 'http', '--http1.1'],
    ['send-proxy-v2', 'http', '--http2-prior-knowledge'],
    ['send-proxy-v2', 'https', '--http1.1'],
    ['send-proxy-v2', 'https', '--http2'],
    ['http', 'http', '--http1.1'],
  ] as const)('case 50: behind %s, %s %s, the server sees the address of the client', async (through, scheme, flag) => {
    const { told, expected } = await ask(scheme, through, flag);
    expect(told).toBe(expected);
    expect(told).toMatch(/^127\.0\.0\.2 \d+$/);
    expect(headers).toMatchObject([
      { version: through === 'send-proxy' ? 1 : 2, command: 'proxy', sourceAddress: '127.0.0.2' },
    ]);
  });

  test('a checksum is verified, and the unique ID can be read', async () => {
    const { expected = '' } = await ask('http', 'tlvs');
    const tlvs = headers[0]?.tlvs ?? [];
    expect(tlvs.map(({ type }) => type).sort()).toEqual([0x03, 0x05]);
    const id = tlvs.find(({ type }) => type === 0x05)?.value ?? new Uint8Array();
    expect(Buffer.from(id).toString()).toBe(expected.replace(' ', ':'));
  });

  test('health checks pass, and leave nothing but a count (case 12)', async () => {
    await proxy.until(() => Promise.resolve(checked.closed >= 50 ? true : undefined));
    expect(checked.counters).toMatchObject({ matched: 0, rejected: 0 });
    expect(proxy.output).not.toContain('DOWN');
  });
});

describePeer(['curl', 'haproxy'], 'HAProxy behind rxmux', ({ curl, haproxy }) => {
  const lab = new Lab();
  let port = 0;

  beforeAll(async () => {
    const pem = await localhostPem();
    const [plain, secure] = [await freePort(), await freePort()];
    const directory = lab.directory();
    const [config, admin, both] = ['haproxy.cfg', 'admin.sock', 'both.pem'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(both, `${pem.cert}\n${pem.key}\n`);
    writeFileSync(
      config,
      [
        `global\nstats socket ${admin} level admin`,
        'defaults\nmode http\ntimeout connect 5s\ntimeout client 20s\ntimeout server 20s',
        `frontend told\nbind 127.0.0.1:${plain} accept-proxy\nbind 127.0.0.1:${secure} accept-proxy ssl crt ${both}`,
        'http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[fc_pp_authority] %[fc_pp_unique_id] %[ssl_fc]"',
        '',
      ].join('\n'),
    );
    const proxy = lab.start(haproxy, ['-db', '-f', config]);
    await proxy.accepts({ path: admin });
    const header = ({ meta }: Conn): ProxyHeaderOptions => ({
      version: 2,
      crc32c: true,
      tlvs: encodeProxyTlvs({
        authority: meta.tls?.serverName,
        alpn: meta.tls?.alpn,
        uniqueId: Buffer.from(meta.tls?.alpn ?? 'none'),
      }),
    });
    port = await lab.port((conns$) => {
      const routes = partitionByProtocol(conns$, {
        known: tls({ serverName: 'shop.example' }),
        secure: tls(),
        web: http1(),
      });
      const inside$ = routes.secure.pipe(terminateTls({ ...pem, ALPNProtocols: ['http/1.1'] }));
      return [
        // Twice around, decrypted in between, and encrypted again behind the header.
        routes.known
          .pipe(terminateTls({ ...pem, ALPNProtocols: ['http/1.1'] }))
          .subscribe(proxyTo({ port: secure, host: '127.0.0.1', tls: { rejectUnauthorized: false } }, { header })),
        inside$.subscribe(proxyTo({ port: plain, host: '127.0.0.1' }, { header })),
        routes.web.subscribe(
          proxyTo({ port: secure, host: '127.0.0.1', tls: { rejectUnauthorized: false } }, { header: { version: 1 } }),
        ),
      ];
    });
  });
  afterAll(() => lab.down());

  test.each([
    ['https', 'shop.example', 'shop.example http/1.1 1'],
    ['https', 'Shop.Example.', 'shop.example http/1.1 1'],
    ['https', 'other.example', 'other.example http/1.1 0'],
    ['http', 'any.example', '  1'],
  ])(
    '%s for %s: it is told who the client is, what it asked for, and then speaks TLS or not: %s',
    async (scheme, host, told) => {
      const from = ['--interface', '127.0.0.2', '-w', '\n%{local_ip}:%{local_port}', '-sSk', '--http1.1'];
      const where = ['--connect-to', `::127.0.0.1:${port}`, `${scheme}://${host}/`];
      const outcome = await lab.run(curl, [...from, ...where]);
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      const [answered, client = ''] = outcome.stdout.split('\n');
      expect(answered).toBe(`${client} ${told}`);
    },
  );
});
