import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { Page } from './chromium.js';
import { BUILD_MS, buildCommand, COMMAND, isRefused, startDemo, type RunningDemo } from './demo-program.js';
import { buildGrpcClient } from './grpc-client.js';
import { describePeer } from './peer.js';
import { Lab, type Outcome, type Program } from './run.js';
import { startSshd } from './sshd.js';

describe('rxmux demo', () => {
  const lab = new Lab();
  let demo: Program;
  let port = 0;

  const start = (...args: readonly string[]): Promise<RunningDemo> => startDemo(lab, ...args);

  beforeAll(async () => {
    await buildCommand(lab);
    ({ program: demo, port } = await start());
  }, BUILD_MS);
  afterAll(async () => {
    await lab.down();
    expect(await demo.ended).toMatchObject({ code: 0, stderr: '' });
  });

  const ok = (stdout: string): Outcome => ({ code: 0, stdout, stderr: '' });

  test('its banner names a command for each protocol', async () => {
    await demo.says(/anything else/);
    const commands = demo.output.split('\n').filter((line) => line.includes(String(port)));
    expect(commands.length).toBeGreaterThanOrEqual(15);
    const [, protos = ''] = /-import-path '([^']+)'/.exec(demo.output) ?? [];
    expect(existsSync(join(protos, 'echo.proto'))).toBe(true);
  });

  describePeer(['curl'], 'curl', ({ curl }) => {
    test.each([
      ['http', '--http1.1'],
      ['http', '--http2-prior-knowledge'],
      ['https', '--http1.1'],
      ['https', '--http2'],
    ])('%s %s is greeted', async (scheme, flag) => {
      const args = ['-sS', '--insecure', flag, `${scheme}://localhost:${port}/hello/you`];
      expect(await lab.run(curl, args)).toEqual(ok('Hello, you!\n'));
    });
  });

  describePeer(['go', 'google.golang.org/grpc'], 'grpc-go', ({ go }) => {
    let client = '';
    let certificate = '';
    beforeAll(async () => {
      client = await buildGrpcClient(lab, go);
      certificate = join(lab.directory(), 'cert.pem');
      // As a browser would, after a look at it.
      const socket = connectTls({ port, host: 'localhost', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      writeFileSync(certificate, `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`);
    }, BUILD_MS);

    test('asks for the health of the gRPC services, in the clear and inside TLS', async () => {
      const args = ['-address', `localhost:${port}`, '-service', 'rxmux.demo.Echo'];
      expect(await lab.run(client, args)).toEqual(ok('SERVING\n'));
      expect(await lab.run(client, [...args, '-ca', certificate])).toEqual(ok('SERVING\n'));
    });
  });

  test.each(['ws', 'wss'])('a client of %s gets its messages back', async (scheme) => {
    const client = new WebSocket(`${scheme}://localhost:${port}/`, { rejectUnauthorized: false });
    await once(client, 'open');
    client.send('hello');
    const [message] = (await once(client, 'message')) as [Buffer];
    expect(message.toString()).toBe('hello');
    client.close();
    await once(client, 'close');
  });

  describePeer(['redis-cli'], 'redis-cli', (paths) => {
    test('is answered with PONG, and told that there is not more', async () => {
      const redis = (...args: readonly string[]) =>
        lab.run(paths['redis-cli'], ['-h', 'localhost', '-p', String(port), ...args]);
      expect(await redis('ping')).toEqual(ok('PONG\n'));
      expect((await redis('get', 'key')).stdout).toMatch(/^ERR /);
    });
  });

  test('a line of text comes back', async () => {
    const socket = connect({ port, host: 'localhost' });
    socket.write('anything else\n');
    const [line] = (await once(socket, 'data')) as [Buffer];
    expect(line.toString()).toBe('anything else\n');
    socket.destroy();
  });

  describePeer(['openssl'], 'openssl s_client', ({ openssl }) => {
    test('gets its lines back inside TLS', async () => {
      const client = lab.start(openssl, ['s_client', '-quiet', '-verify_quiet', '-connect', `localhost:${port}`]);
      client.write('anything inside\n');
      await client.says(/^anything inside$/m);
    });

    test('is shown a certificate that is not signed with SHA-1', async () => {
      const { stdout } = await lab.run(openssl, ['s_client', '-connect', `localhost:${port}`]);
      const certificate = await lab.run(openssl, ['x509', '-noout', '-text'], { input: stdout });
      expect(certificate.stdout).toContain('Signature Algorithm: ecdsa-with-SHA256');
    });
  });

  describePeer(['chromium'], 'Chromium', ({ chromium }) => {
    test('shows a row for its own connection on the page', async () => {
      const row = `Array.from(document.querySelectorAll('tbody tr'), (row) => row.textContent).find((text) => /http1.*open/.test(text))`;
      expect(await (await Page.open(lab, chromium, `http://localhost:${port}/`)).value(row)).toContain('127.0.0.1:');
    });
  });

  describePeer(['ssh', 'ssh-keygen', 'sshd'], 'ssh', (paths) => {
    test('reaches the server named by --ssh', async () => {
      const sshd = await startSshd(lab, paths);
      const { port: through } = await start('--ssh', `127.0.0.1:${sshd.port}`);
      expect(await sshd.ssh(through, 'echo over ssh')).toMatchObject({ code: 0, stdout: 'over ssh\n' });
    });
  });

  test('SIGTERM lets open work end and exits with 0', async () => {
    const { program, port: own } = await start();
    const socket = connect({ port: own, host: 'localhost' });
    socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    while (!Buffer.concat(chunks).includes('hello')) await once(socket, 'data');
    program.signal('SIGTERM');
    // The port is closed before the work is over.
    await program.until(async () => ((await isRefused(own)) ? true : undefined));
    socket.write('world');
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/hello[^]*world/);
    const { code, stderr } = await program.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  const fail = (...args: readonly string[]): Promise<Outcome> => lab.run(process.execPath, [COMMAND, 'demo', ...args]);
  const complaint = (line: RegExp) => ({ code: 2, stdout: '', stderr: expect.stringMatching(line) as unknown });

  test('a port that is taken is told in one line, and exits with 2', async () => {
    expect(await fail('--port', String(port))).toEqual(complaint(/^rxmux: .*\btaken\b.*\n$/));
  });

  test('a port that is none is told in one line, and exits with 2', async () => {
    expect(await fail('--port', 'abc')).toEqual(complaint(/^rxmux: .*'abc'\n$/));
  });

  const forbidden = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) - 1;
  // Skipped only where every user may open every port (ip_unprivileged_port_start is 0): then no port can be refused.
  (forbidden > 0 ? test : test.skip)(
    'a port without the permission for it is told in one line, and exits with 2',
    async () => {
      const command = [process.execPath, COMMAND, 'demo', '--port', String(forbidden)];
      // Root without the one capability it takes; another user might be unable to read what was built.
      const dropped = ['--bounding-set=-net_bind_service', '--inh-caps=-net_bind_service'];
      const [program = '', ...args] = process.getuid?.() === 0 ? ['setpriv', ...dropped, ...command] : command;
      expect(await lab.run(program, args)).toEqual(complaint(/^rxmux: .*\bpermission\b.*\n$/));
    },
  );
});
