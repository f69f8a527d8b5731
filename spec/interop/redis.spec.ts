import { afterAll, beforeAll, expect, test } from '@jest/globals';
import http from 'node:http';
import { join } from 'node:path';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { http1, redis } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { describePeer } from './peer.js';
import { Lab, type RunOptions } from './run.js';

/** A command as clients encode it. */
const resp = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

describePeer(['redis-cli', 'redis-server', 'redis-benchmark'], 'redis-cli through rxmux to redis-server', (paths) => {
  const lab = new Lab();
  let port = 0;

  beforeAll(async () => {
    const socket = join(lab.directory(), 'redis.sock');
    const quiet = ['--save', '', '--appendonly', 'no'];
    const server = lab.start(paths['redis-server'], ['--port', '0', '--unixsocket', socket, ...quiet]);
    await server.accepts({ path: socket });
    port = await lab.port((conns$) => {
      const { store, web } = partitionByProtocol(conns$, { store: redis(), web: http1() });
      const page = toHttp(http.createServer((_request, response) => response.end('page')));
      return [store.subscribe(proxyTo({ path: socket })), web.subscribe(page)];
    });
  });
  afterAll(() => lab.down());

  const cli = async (args: readonly string[], options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await lab.run(
      paths['redis-cli'],
      ['-h', '127.0.0.1', '-p', String(port), ...args],
      options,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  test('PING, SET and GET are answered', async () => {
    expect(await cli(['PING'])).toBe('PONG\n');
    expect(await cli(['SET', 'greeting', 'héllo'])).toBe('OK\n');
    expect(await cli(['--raw', 'GET', 'greeting'])).toBe('héllo\n');
  });

  test('a value of 1 MB is stored and comes back', async () => {
    const value = 'abcdefg'.repeat(150_000);
    expect(await cli(['-x', 'SET', 'large'], { input: value })).toBe('OK\n');
    expect((await cli(['--raw', 'GET', 'large'])) === `${value}\n`).toBe(true);
  });

  test('RESP 3 is taken, and so are commands that are piped in', async () => {
    expect(await cli(['-3', 'PING'])).toBe('PONG\n');
    const pipe = Array.from({ length: 1000 }, (_, n) => resp('SET', `key${n}`, String(n))).join('');
    expect(await cli(['--pipe'], { input: pipe })).toContain('errors: 0, replies: 1000');
    expect(await cli(['GET', 'key999'])).toBe('999\n');
  });

  test('what is published reaches a subscriber', async () => {
    const cliArgs = ['-h', '127.0.0.1', '-p', String(port)];
    const subscriber = lab.start(paths['redis-cli'], [...cliArgs, 'SUBSCRIBE', 'news']);
    await subscriber.says(/subscribe\nnews\n1\n/);
    expect(await cli(['PUBLISH', 'news', 'extra'])).toBe('1\n');
    await subscriber.says(/message\nnews\nextra\n/);
  });

  test('50 connections with pipelines of 16 are served, next to HTTP', async () => {
    const load = [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-n',
      '20000',
      '-c',
      '50',
      '-P',
      '16',
      '-t',
      'set,get',
      '--csv',
    ];
    const running = lab.run(paths['redis-benchmark'], load);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page');
    const { code, stdout } = await running;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^"SET","\d[^]*^"GET","\d/m);
  });
});
