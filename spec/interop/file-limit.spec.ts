import { afterAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Lab } from './run.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CLIENTS = 200;

const lab = new Lab();
afterAll(() => lab.down());

test('case 62: a server at its limit of open files sheds clients, lives, and serves again once there is room', async () => {
  const server = lab.start('sh', ['-c', `ulimit -n 80; exec "${process.execPath}" "${main}" demo --port 0`]);
  const [, port] = await server.says(/http:\/\/localhost:(\d+)\//);
  const clients = Array.from({ length: CLIENTS }, () => connect(Number(port), '127.0.0.1'));
  for (const client of clients) client.on('error', () => undefined).resume();
  // They can't all be held: some are closed while those that fit stay open.
  await Promise.race(clients.map((client) => once(client, 'close')));
  for (const client of clients) client.destroy();
  const reply = await server.until(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/hello/again`).catch(() => undefined);
    return answer?.text();
  });
  expect(reply).toBe('Hello, again!\n');
  await server.stop('SIGTERM');
  expect((await server.ended).code).toBe(0);
});

const PROGRAM = `
  import { listen } from 'rxmux';
  const conns$ = listen({ port: 0, host: '127.0.0.1' });
  conns$.errors$.subscribe(({ error }) => console.log('told: ' + error.message + ', ' + error.cause.code));
  conns$.address$.subscribe(({ port }) => console.log('port: ' + port));
  conns$.subscribe((conn) => conn.subscribe({ error() {} }));
`;

test('case 62: a server at its limit of open files tells of it on errors$', async () => {
  const command = `ulimit -n 80; exec "${process.execPath}" --input-type=module -e "$PROGRAM"`;
  const server = lab.start('sh', ['-c', command], {
    env: { PROGRAM },
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  const [, port] = await server.says(/port: (\d+)/);
  const clients = Array.from({ length: CLIENTS }, () => connect(Number(port), '127.0.0.1'));
  for (const client of clients) client.on('error', () => undefined).resume();
  await server.says(/told: \[ERR_MUX_ACCEPT\] accept failed: all 80 files are open, EMFILE/);
  for (const client of clients) client.destroy();
  await server.stop('SIGTERM');
});
