import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { take } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { TlsMeta } from '../../src/conn/meta.js';
import { terminateTls, type TlsRejection } from '../../src/net/terminate-tls.js';
import { any, tls } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { describePeer } from './peer.js';
import { Lab, type Outcome } from './run.js';

/** What the port told a client, inside TLS. */
interface Told {
  readonly route: string;
  readonly line: string;
  readonly tls: TlsMeta;
}

describePeer(['openssl'], 'openssl s_client', ({ openssl }) => {
  const lab = new Lab();
  const rejections: TlsRejection[] = [];
  let directory = '';
  let port = 0;

  beforeAll(async () => {
    const pem = await localhostPem();
    directory = lab.directory();
    writeFileSync(join(directory, 'cert.pem'), pem.cert);
    port = await lab.port((conns$) => {
      const { plain, ...secure } = partitionByProtocol(conns$, {
        shop: tls({ serverName: 'shop.example' }),
        api: tls({ serverName: '*.api.example' }),
        database: tls({ alpn: 'postgresql' }),
        modern: tls({ minVersion: 'TLSv1.3' }),
        old: tls(),
        plain: any(),
      });
      const rejected = { next: (rejection: TlsRejection) => rejections.push(rejection) };
      const stage = terminateTls({ ...pem, ALPNProtocols: ['h2', 'postgresql', 'last'], rejected });
      const tell = (route: string, conn: Conn): void => {
        conn.pipe(take(1)).subscribe((chunk) => {
          const told: Told = { route, line: Buffer.from(chunk).toString(), tls: conn.meta.tls as TlsMeta };
          conn.next(Buffer.from(JSON.stringify(told)));
          conn.complete();
        });
      };
      const routes = Object.entries(secure).map(([route, conns]) =>
        conns.pipe(stage).subscribe((conn) => tell(route, conn)),
      );
      return [...routes, plain.subscribe((conn) => conn.error(new Error('no TLS')))];
    });
  });
  afterAll(() => lab.down());

  const connect = (...args: readonly string[]): Promise<Outcome> => {
    const quiet = ['-quiet', '-verify_quiet', '-verify_return_error', '-CAfile', 'cert.pem'];
    const options = { cwd: directory, input: 'hello\n' };
    return lab.run(openssl, ['s_client', '-connect', `127.0.0.1:${port}`, ...quiet, ...args], options);
  };
  const told = async (...args: readonly string[]): Promise<Told> => {
    const { code, stdout, stderr } = await connect(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Told;
  };

  test('case 48: name, ALPN and version are told inside, over TLS 1.3', async () => {
    expect(await told('-servername', 'Shop.Example', '-alpn', 'h2,http/1.1', '-tls1_3')).toEqual({
      route: 'shop',
      line: 'hello\n',
      tls: {
        serverName: 'shop.example',
        alpnProtocols: ['h2', 'http/1.1'],
        alpn: 'h2',
        versions: [0x0304],
        version: 'TLSv1.3',
        authorized: false,
      },
    });
  });

  test('case 48: and over TLS 1.2', async () => {
    expect(await told('-servername', 'shop.example', '-alpn', 'last', '-tls1_2')).toMatchObject({
      route: 'shop',
      tls: {
        serverName: 'shop.example',
        alpnProtocols: ['last'],
        alpn: 'last',
        versions: [0x0303],
        version: 'TLSv1.2',
      },
    });
  });

  test.each([
    ['shop', ['-servername', 'shop.example']],
    ['api', ['-servername', 'v2.eu.api.example']],
    ['modern', ['-servername', 'api.example']],
    ['database', ['-noservername', '-alpn', 'h2,postgresql']],
    ['modern', ['-noservername']],
    ['old', ['-noservername', '-tls1_2']],
  ])('the hello decides: %s for %j', async (route, args) => {
    expect(await told(...args)).toMatchObject({ route, line: 'hello\n' });
  });

  test('case 45: a hello of 15 KiB is read whole', async () => {
    const offered = [...Array.from({ length: 760 }, (_, n) => `protocol-number-${n}`), 'last'];
    const { route, tls: meta } = await told('-servername', 'shop.example', '-alpn', offered.join(','));
    expect({ route, alpn: meta.alpn, alpnProtocols: meta.alpnProtocols }).toEqual({
      route: 'shop',
      alpn: 'last',
      alpnProtocols: offered,
    });
  });

  test('case 46: a hello in many records is put together', async () => {
    const offered = [...Array.from({ length: 300 }, (_, n) => `protocol-${n}`), 'postgresql'];
    const cut = ['-max_send_frag', '512', '-split_send_frag', '512'];
    const { route, tls: meta } = await told('-noservername', '-alpn', offered.join(','), ...cut);
    expect({ route, alpn: meta.alpn }).toEqual({ route: 'database', alpn: 'postgresql' });
  });

  test.each(['-tls1_2', '-tls1_3'])(
    'a session is resumed with the ticket of an earlier connection, %s',
    async (version) => {
      const named = ['-servername', 'shop.example', version];
      await told(...named, '-sess_out', `session${version}`);
      // Not quiet, so that it says how the handshake went; the answer ends the connection.
      const { stdout } = await lab.run(
        openssl,
        ['s_client', '-connect', `127.0.0.1:${port}`, '-ign_eof', ...named, '-sess_in', `session${version}`],
        { cwd: directory, input: 'again\n' },
      );
      expect(stdout).toMatch(/^Reused, TLSv1/m);
      expect(stdout).toContain('"line":"again\\n"');
    },
  );

  test('a client without a protocol in common is told so, and the port hears of it', async () => {
    const before = rejections.length;
    const { code, stderr } = await connect('-alpn', 'smtp');
    expect(code).toBe(1);
    expect(stderr).toContain('no application protocol');
    expect(rejections.slice(before).map(({ error }) => error.code)).toEqual(['ERR_MUX_TLS']);
  });

  test.each(['shop.example.', 'Shop.Example.'])(
    'the name %s is that of the route without its dot, inside TLS too',
    async (name) => {
      const { stdout } = await connect('-servername', name);
      expect(JSON.parse(stdout)).toMatchObject({ route: 'shop', tls: { serverName: 'shop.example' } });
    },
  );
});
