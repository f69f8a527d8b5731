import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, get, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { read, ROOT } from '../docs/pages.js';
import { freePort, Lab, type Program } from './run.js';

const PAGE = 'docs/guide/reverse-connections.md';

/** A program of the page, as it is there. */
function programOf(name: string): string {
  const [, code] = new RegExp(`^\`\`\`js\\n// ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(read(PAGE)) ?? [];
  if (code === undefined) throw new Error(`${PAGE} has no ${name}`);
  return code;
}

describe(`the programs of ${PAGE}`, () => {
  let lab: Lab;
  let directory: string;
  let port: number;
  let gateway: Program;
  let backend: number;

  const run = (name: string, env: Readonly<Record<string, string>> = {}): Program =>
    lab.start(process.execPath, [join(directory, name)], { env });
  const through = (path: string, host = 'attic.localhost') => ({ host: '127.0.0.1', port, path, headers: { host } });

  async function textOf(response: IncomingMessage): Promise<string> {
    return Buffer.concat((await response.toArray()) as Buffer[]).toString();
  }

  async function asked(path: string, host?: string): Promise<{ status: number | undefined; text: string }> {
    const [response] = (await once(get(through(path, host)), 'response')) as [IncomingMessage];
    return { status: response.statusCode, text: await textOf(response) };
  }

  async function startGateway(): Promise<void> {
    gateway = run('gateway.js');
    await gateway.accepts({ port, host: '127.0.0.1' });
  }

  /** The machine, once it is reached. */
  async function startHouse(): Promise<Program> {
    const house = run('house.js');
    await house.says(/reached as attic\.localhost/);
    return house;
  }

  beforeEach(async () => {
    lab = new Lab();
    const server = createServer((incoming, response) => {
      void textOf(incoming).then((body) => response.end(`${incoming.url ?? ''} ${body.length}`));
    });
    const webSockets = new WebSocketServer({ server });
    webSockets.on('connection', (socket) => socket.on('message', (message) => socket.send(message)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    lab.onDown(() => {
      server.closeAllConnections();
      server.close();
    });
    backend = (server.address() as AddressInfo).port;

    directory = lab.directory();
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(ROOT, join(directory, 'node_modules/rxmux'));
    symlinkSync(join(ROOT, 'node_modules/rxjs'), join(directory, 'node_modules/rxjs'));
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    port = await freePort();
    const sessions = await freePort();
    const places = {
      'tcp://:4040': `tcp://127.0.0.1:${sessions}`,
      'tcp://127.0.0.1:4040': `tcp://127.0.0.1:${sessions}`,
    };
    for (const name of ['gateway.js', 'house.js']) {
      let code = programOf(name);
      for (const [from, to] of Object.entries(places)) code = code.replace(from, to);
      code = code.replace('port: 8080', `port: ${port}`).replace('port: 3000', `port: ${backend}, host: '127.0.0.1'`);
      writeFileSync(join(directory, name), code);
    }
    await startGateway();
  });
  afterEach(() => lab.down());

  test('pass requests, uploads and a WebSocket on to the machine', async () => {
    await startHouse();
    expect(await asked('/window')).toEqual({ status: 200, text: '/window 0' });
    const upload = request({ ...through('/upload'), method: 'POST' });
    upload.end(Buffer.alloc(3_000_000, 'x'));
    const [response] = (await once(upload, 'response')) as [IncomingMessage];
    expect(await textOf(response)).toBe('/upload 3000000');

    const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers: { host: 'attic.localhost' } });
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    socket.close();
    expect(await once(socket, 'close')).toEqual([1005, Buffer.alloc(0)]);
  });

  test('answer 502 for a machine that is not there, and no other', async () => {
    await startHouse();
    expect(await asked('/', 'cellar.localhost')).toEqual({ status: 502, text: 'cellar.localhost is not connected\n' });
    expect(await asked('/')).toMatchObject({ status: 200 });
  });

  test('end a machine whose token is wrong, with one line', async () => {
    const house = run('house.js', { TOKEN: 'guessed' });
    expect(await house.ended).toEqual({ code: 1, stdout: '', stderr: 'the gateway does not know this token\n' });
    expect(await asked('/')).toMatchObject({ status: 502 });
  });

  test('take back a machine that was killed', async () => {
    const house = await startHouse();
    await house.stop('SIGKILL');
    await gateway.until(async () => ((await asked('/')).status === 502 ? true : undefined));
    await startHouse();
    expect(await asked('/again')).toEqual({ status: 200, text: '/again 0' });
  });

  test('have the machine dial again when the gateway was killed', async () => {
    const house = await startHouse();
    await gateway.stop('SIGKILL');
    await house.says(/ERR_MUX_|before|ended/);
    await startGateway();
    await gateway.until(async () => ((await asked('/')).status === 200 ? true : undefined));
    expect(house.stdout).toBe('reached as attic.localhost\n'.repeat(2));
  });
});
