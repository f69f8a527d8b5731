import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chownSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { tap } from 'rxjs';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { http1, postgres, type PostgresMeta } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { describePeer } from './peer.js';
import { freePort, Lab, NOBODY, type Program } from './run.js';

describePeer(['initdb', 'postgres', 'psql'], 'psql through rxmux to PostgreSQL', (paths) => {
  const lab = new Lab();
  const seen: PostgresMeta[] = [];
  let server: Program;
  let port = 0;

  beforeAll(async () => {
    const directory = lab.directory(NOBODY);
    const [data, run] = [join(directory, 'data'), { uid: NOBODY, cwd: directory }];
    const init = [
      '-D',
      data,
      '-U',
      'tester',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ];
    expect(await lab.run(paths.initdb, init, run)).toMatchObject({ code: 0 });
    const pem = await localhostPem();
    for (const [name, content] of [
      ['server.crt', pem.cert],
      ['server.key', pem.key],
    ] as const) {
      writeFileSync(join(data, name), content, { mode: 0o600 });
      if (NOBODY !== undefined) chownSync(join(data, name), NOBODY, NOBODY);
    }
    const backendPort = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: '20',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    server = lab.start(paths.postgres, ['-D', data, '-p', String(backendPort), ...options], run, 'SIGQUIT');
    await server.says(/ready to accept connections/);
    port = await lab.port((conns$) => {
      const { database, web } = partitionByProtocol(conns$, { database: postgres(), web: http1() });
      const page = toHttp(http.createServer((_request, response) => response.end('page')));
      const backend = proxyTo({ port: backendPort, host: '127.0.0.1' });
      return [database.pipe(tap(({ meta }) => seen.push(meta.postgres))).subscribe(backend), web.subscribe(page)];
    });
  });
  afterAll(() => lab.down());

  const connection = (sslmode: string): string =>
    `host=127.0.0.1 port=${port} user=tester dbname=postgres application_name=spec sslmode=${sslmode}`;
  const psql = (sslmode: string, sql: string, ...args: readonly string[]) => {
    seen.length = 0;
    return lab.run(paths.psql, [connection(sslmode), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', sql, ...args]);
  };
  const isEncrypted = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

  test('sslmode=disable logs in at once, and who it is can be seen', async () => {
    expect(await psql('disable', isEncrypted)).toEqual({ code: 0, stdout: 'f\n', stderr: '' });
    expect(seen).toEqual([
      {
        kind: 'startup',
        protocolVersion: '3.0',
        parameters: expect.objectContaining({
          user: 'tester',
          database: 'postgres',
          application_name: 'spec',
        }) as unknown,
      },
    ]);
  });

  const turnTls = async (wanted: 'on' | 'off'): Promise<void> => {
    const outcome = await psql('disable', `ALTER SYSTEM SET ssl = ${wanted}`, '-c', 'SELECT pg_reload_conf()');
    expect(outcome).toMatchObject({ code: 0 });
    await server.until(async () => ((await psql('disable', 'SHOW ssl')).stdout === `${wanted}\n` ? true : undefined));
  };

  test.each(['prefer', 'require'])('case 53: sslmode=%s asks for TLS and gets it', async (sslmode) => {
    await turnTls('on');
    expect(await psql(sslmode, isEncrypted)).toEqual({ code: 0, stdout: 't\n', stderr: '' });
    expect(seen).toEqual([{ kind: 'ssl' }]);
  });

  test('case 53: sslmode=prefer is refused TLS, and goes on without it', async () => {
    await turnTls('off');
    expect(await psql('prefer', isEncrypted)).toEqual({ code: 0, stdout: 'f\n', stderr: '' });
    expect(seen).toEqual([{ kind: 'ssl' }]);
  });

  test('2 MB of rows arrive whole, next to HTTP', async () => {
    const rows = psql('disable', "SELECT repeat('x', 1000) FROM generate_series(1, 2000)");
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page');
    const { code, stdout } = await rows;
    expect([code, stdout === `${'x'.repeat(1000)}\n`.repeat(2000)]).toEqual([0, true]);
  });

  test('case 53: a query is cancelled over a connection of its own', async () => {
    const asleep = lab.start(paths.psql, [connection('disable'), '-X', '-c', 'SELECT pg_sleep(60)']);
    const sleepers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    await asleep.until(async () => ((await psql('disable', sleepers)).stdout === '1\n' ? true : undefined));
    seen.length = 0;
    asleep.signal('SIGINT');
    expect(await asleep.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('canceling statement') as unknown,
    });
    expect(seen).toEqual([{ kind: 'cancel' }]);
  });
});
