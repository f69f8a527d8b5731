import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import http from 'node:http';
import { tap } from 'rxjs';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { grpc, http1 } from '../../src/sniff/matchers/index.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { describePeer } from './peer.js';
import { freePort, Lab } from './run.js';

describePeer(['curl', 'etcd', 'etcdctl'], 'etcdctl through rxmux to etcd', (paths) => {
  const lab = new Lab();
  const rejections: Rejection[] = [];
  const methods: string[] = [];
  let port = 0;

  beforeAll(async () => {
    const directory = lab.directory();
    const [clients, peers] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    const urls = { 'listen-client-urls': clients, 'advertise-client-urls': clients, 'listen-peer-urls': peers };
    const cluster = {
      'initial-advertise-peer-urls': peers,
      'initial-cluster': `default=${peers}`,
      'data-dir': directory,
    };
    const flags = Object.entries({ ...urls, ...cluster }).map(([name, value]) => `--${name}=${value}`);
    const etcd = lab.start(paths.etcd, flags);
    await etcd.until(async () => {
      const health = await fetch(`${clients}/health`).catch(() => undefined);
      return health?.ok === true ? true : undefined;
    });
    const backend = { host: '127.0.0.1', port: Number(new URL(clients).port) };
    port = await lab.port((conns$) => {
      const rejected = { next: (rejection: Rejection) => rejections.push(rejection) };
      const { rpc, web } = partitionByProtocol(conns$, { rpc: grpc(), web: http1() }, { rejected });
      const page = toHttp(http.createServer((_request, response) => response.end('page')));
      const seen$ = rpc.pipe(tap(({ meta }) => methods.push(meta.grpc.path ?? '')));
      return [seen$.subscribe(proxyTo(backend)), web.subscribe(page)];
    });
  }, 40_000);
  afterEach(() => {
    expect(rejections).toEqual([]);
    methods.length = 0;
  });
  afterAll(() => lab.down());

  const env = { ETCDCTL_API: '3' };
  const at = (): string => `--endpoints=127.0.0.1:${port}`;
  const etcdctl = (...args: readonly string[]) => lab.run(paths.etcdctl, [at(), ...args], { env });
  const ok = (stdout: string) => ({ code: 0, stdout, stderr: '' });

  test('case 41: what is put can be got; the client waits for SETTINGS, and its acknowledgement is not passed on', async () => {
    expect(await etcdctl('put', 'greeting', 'hello')).toEqual(ok('OK\n'));
    expect(await etcdctl('get', 'greeting')).toEqual(ok('greeting\nhello\n'));
    expect(methods).toEqual(['/etcdserverpb.KV/Put', '/etcdserverpb.KV/Range']);
  });

  test('a value of 1 MB is stored and comes back', async () => {
    const value = 'abcdefg'.repeat(150_000);
    expect(await lab.run(paths.etcdctl, [at(), 'put', 'large'], { env, input: value })).toEqual(ok('OK\n'));
    const { code, stdout } = await etcdctl('get', 'large', '--print-value-only');
    expect([code, stdout === `${value}\n`]).toEqual([0, true]);
  });

  test('a watch sees 100 changes in order, HTTP being served meanwhile', async () => {
    const watch = lab.start(paths.etcdctl, [at(), 'watch', '--prefix', 'news/'], { env });
    const numbers = Array.from({ length: 100 }, (_, n) => n + 1);
    // It says nothing once it watches: this key is changed until it does.
    await watch.until(async () => {
      expect(await etcdctl('put', 'news/ready', 'yes')).toEqual(ok('OK\n'));
      return watch.output.includes('news/ready') ? true : undefined;
    });
    const changes = `\n${numbers.map((n) => `put news/${n} value`).join('\n')}\n\n\n`;
    expect(await lab.run(paths.etcdctl, [at(), 'txn'], { env, input: changes })).toMatchObject({ code: 0 });
    const page = await lab.run(paths.curl, ['-sS', `http://127.0.0.1:${port}/`]);
    expect(page).toEqual(ok('page'));
    await watch.says(/^news\/100$/m);
    expect(watch.output.match(/(?<=^news\/)\d+$/gm)).toEqual(numbers.map(String));
  });

  test('twenty clients at once are served', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => etcdctl('put', `key${n}`, String(n))));
    expect(outcomes).toEqual(outcomes.map(() => ok('OK\n')));
    const { stdout } = await etcdctl('get', '--prefix', 'key', '--print-value-only');
    expect(
      stdout
        .trim()
        .split('\n')
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(outcomes.map((_, n) => n));
  });
});
