import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { codecs } from '../../src/cli/codecs.js';
import { dial } from '../../src/net/dial.js';
import { session } from '../../src/session/session.js';
import { Page } from './chromium.js';
import { BUILD_MS, buildCommand, COMMAND, isRefused, startDemo } from './demo-program.js';
import { buildMuxPeer, describeMuxPeer, type MuxPeer, type MuxPeerOptions } from './mux-peer.js';
import { pattern } from './mux-traffic.js';
import { describePeer } from './peer.js';
import { Lab, type Outcome, type Program } from './run.js';

describe('sessions of rxmux demo', () => {
  const lab = new Lab();
  let demo: Program;
  let port = 0;

  beforeAll(async () => {
    await buildCommand(lab);
    ({ program: demo, port } = await startDemo(lab));
  }, BUILD_MS);
  afterAll(async () => {
    await lab.down();
    expect(await demo.ended).toMatchObject({ code: 0, stderr: '' });
  });

  const ok = (stdout: string): Outcome => ({ code: 0, stdout, stderr: '' });

  describe.each(Object.keys(codecs))('rxmux open --codec %s', (codec) => {
    const open = (input: string): Promise<Outcome> =>
      lab.run(process.execPath, [COMMAND, 'open', '--codec', codec, `tcp://localhost:${port}`], { input });

    test('has its input echoed to the last byte, and exits with 0', async () => {
      const input = Buffer.concat([...pattern(3_000_000)]).toString('hex');
      expect(await open(input)).toEqual(ok(input));
    });

    test('is answered by the HTTP server', async () => {
      const { code, stdout } = await open('GET /hello/you HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n');
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^HTTP\/1\.1 200 OK[^]*Hello, you!\n$/),
      });
    });

    test('with nothing to send ends as quietly', async () => {
      expect(await open('')).toEqual(ok(''));
    });
  });

  test.each([
    ['a server that is not there', ['--codec', 'yamux', 'unix:/nowhere'], 1, /^rxmux: \[ERR_MUX_CONNECT\] .*\n$/],
    ['a server that hangs up', ['--codec', 'yamux', 'HANGS UP'], 1, /^rxmux: \[ERR_MUX_TRANSPORT\] .*\n$/],
    ['a codec that is none', ['--codec', 'mux', 'tcp://localhost:1'], 2, /^rxmux: .*'mux'\n$/],
    ['a URL that is none', ['--codec', 'yamux', 'localhost'], 2, /^rxmux: 'localhost' .*\n$/],
  ])('rxmux open tells of %s in one line', async (_what, args, code, line) => {
    const server = createServer((socket) => socket.end().resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const given = args.map((arg) => (arg === 'HANGS UP' ? url : arg));
    const outcome = await lab.run(process.execPath, [COMMAND, 'open', ...given]);
    server.close();
    expect(outcome).toEqual({ code, stdout: '', stderr: expect.stringMatching(line) as unknown });
  });

  describeMuxPeer('sessions of Go', (go) => {
    let peer: (lab: Lab, options: MuxPeerOptions) => MuxPeer;
    beforeAll(async () => {
      peer = await buildMuxPeer(lab, go);
    }, BUILD_MS);

    describe.each(['muxado1', 'yamux', 'smux1', 'smux2'] as const)('%s', (proto) => {
      const at = (options: Partial<MuxPeerOptions>): MuxPeer =>
        peer(lab, { proto, role: 'client', dial: port, ...options });

      test('have all bytes of a stream echoed', async () => {
        expect(await at({ scenario: 'plain', bytes: 3_000_000 }).first('done')).toMatchObject({ bytes: 3_000_000 });
      });

      test('play ping-pong with 64 bytes, without a wait for what might still be HTTP', async () => {
        const { seconds } = await at({ scenario: 'pingpong', streams: 10 }).first('done');
        // Were the first of them held until a deadline, one alone would take longer.
        expect(seconds).toBeLessThan(1);
      });

      test('are answered by the HTTP server', async () => {
        const done = await at({ scenario: 'web', bytes: 100_000 }).first('done');
        expect(done).toMatchObject({ bytes: 100_000, text: 'Hello, go!\n' });
      });
    });
  });

  test.each(['muxado2', 'smux1'])(
    'SIGTERM gives a stream of %s a moment, ends the session and exits with 0',
    async (codec) => {
      const { program, port: own } = await startDemo(lab);
      const client = lab.start(process.execPath, [COMMAND, 'open', '--codec', codec, `tcp://localhost:${own}`]);
      client.write('before\n');
      await client.says(/before/);
      program.signal('SIGTERM');
      await program.until(async () => ((await isRefused(own)) ? true : undefined));
      client.write('after\n');
      await client.says(/after/);
      const { code, stderr } = await program.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      // smux has no word for a stream that is cut off.
      expect(await client.ended).toMatchObject({ code: codec.startsWith('smux') ? 0 : 1 });
    },
  );

  test('SIGINT ends rxmux open and its session, and exits with 0', async () => {
    const client = lab.start(process.execPath, [COMMAND, 'open', '--codec', 'yamux', `tcp://localhost:${port}`]);
    client.write('hello\n');
    await client.says(/hello/);
    client.signal('SIGINT');
    expect(await client.ended).toEqual(ok('hello\n'));
  });

  describePeer(['chromium'], 'Chromium', ({ chromium }) => {
    test('shows a session, 20 of its streams, and how many more there are', async () => {
      const conn = await firstValueFrom(dial({ host: '127.0.0.1', port }));
      const held = session(conn, { codec: codecs.yamux, role: 'client' });
      lab.onDown(() => held.close());
      for (let n = 0; n < 25; n++) held.open().next(Buffer.from('\0'));
      const isShown = `row.textContent.includes('127.0.0.1:${conn.localPort ?? 0}server2525')`;
      const rows = `Array.from(document.querySelectorAll('#sessions > table > tbody > tr'))`;
      const cells = (row: string) => `Array.from(${row}.querySelectorAll('td'), (cell) => cell.textContent)`;
      const found = `(() => { const rows = ${rows}; const at = rows.findIndex((row) => ${isShown}); if (at < 0) return;
        return [${cells('rows[at]')}, ${cells("rows[at + 1].querySelector('tr')")}, rows[at + 1].textContent]; })()`;
      const shown = (await (await Page.open(lab, chromium, `http://localhost:${port}/`)).value(found)) as unknown[];
      expect(shown).toEqual([
        expect.arrayContaining(['yamux', 'server', '25', '256 KiB', 'open', expect.stringMatching(/^\d+\.\d$/)]),
        ['stream 1', '', 'any', 'open', '0 B to be sent', '0 B unread', '256 KiB credit', '256 KiB window'],
        expect.stringMatching(/stream 39.*and 5 more$/),
      ]);
    });
  });
});
