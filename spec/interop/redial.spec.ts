import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { read, ROOT } from '../docs/pages.js';
import { localhostPem } from '../serve/sink-harness.js';
import { describePeer } from './peer.js';
import { freePort, Lab, type Program } from './run.js';

// Every recipe of the documentation that dials again, as it stands there: only the codec and the ports are replaced.

const SERVER = fileURLToPath(new URL('./redial/server.mjs', import.meta.url));
const COUNT_DIALS = fileURLToPath(new URL('./redial/count-dials.mjs', import.meta.url));

/** A program of a page, by the comment of its first line. */
function programOf(page: string, name: string): string {
  const [, code] = new RegExp(`^\`\`\`js\\n// ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(read(page)) ?? [];
  if (code === undefined) throw new Error(`${page} has no ${name}`);
  return code;
}

/** The example in the TSDoc of dialSession, with what it takes as given. */
function exampleOfDialSession(): string {
  const source = read('src/net/dial-session.ts');
  const [, block = ''] =
    /```ts\n((?: \* ?.*\n)*?) \* ```\n(?: \*.*\n)* \*\/\nexport function dialSession/.exec(source) ?? [];
  const code = block.replace(/^ \* ?/gm, '');
  if (!code.includes('retry(')) throw new Error('the TSDoc of dialSession has no recipe');
  return `
    import { createServer } from 'node:http';
    import { repeat, retry, switchMap, takeUntil, tap, timer } from 'rxjs';
    import { dialSession, muxado, toHttp } from 'rxmux';
    const server = createServer((request, response) => response.end('hello'));
    ${code}`;
}

interface Recipe {
  readonly name: string;
  readonly code: string;
  /** How the server sees that a session works. */
  readonly proof: 'asks' | 'registers' | 'is asked';
  /** The shortest pause before dial number n that follows a loss, from 0. */
  readonly pauseMs: (n: number) => number;
}

const growing = (n: number): number => Math.min(30_000, 1000 * 2 ** n) / 2;

const RECIPES: readonly Recipe[] = [
  {
    name: 'reconnect.js of docs/guide/sessions.md',
    code: programOf('docs/guide/sessions.md', 'reconnect.js'),
    proof: 'asks',
    pauseMs: growing,
  },
  {
    name: 'house.js of docs/guide/reverse-connections.md',
    code: programOf('docs/guide/reverse-connections.md', 'house.js'),
    proof: 'registers',
    pauseMs: growing,
  },
  {
    name: 'reconnecting.js of docs/guide/http-over-streams.md',
    code: programOf('docs/guide/http-over-streams.md', 'reconnecting.js'),
    proof: 'is asked',
    pauseMs: () => 1000,
  },
  { name: 'the example of dialSession', code: exampleOfDialSession(), proof: 'asks', pauseMs: growing },
];

const CODECS = ['muxado()', 'muxado({ version: 1 })', 'yamux()', 'smux()', 'smux({ version: 2 })'] as const;

/** Lets connections through, and ends them by a FIN to the client alone: under TLS, one without close_notify. */
class Passage {
  readonly #server = createServer({ allowHalfOpen: true });
  readonly #clients = new Set<Socket>();

  constructor(lab: Lab, to: number) {
    this.#server.on('connection', (client) => {
      const onward = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
      for (const socket of [client, onward]) socket.on('error', () => undefined);
      client.pipe(onward);
      onward.on('data', (chunk: Buffer) => client.writable && client.write(chunk));
      onward.on('close', () => client.destroy());
      client.on('close', () => {
        this.#clients.delete(client);
        onward.destroy();
      });
      this.#clients.add(client);
    });
    lab.onDown(() => {
      for (const client of this.#clients) client.destroy();
      this.#server.close();
    });
  }

  async port(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  sendFin(): void {
    for (const client of this.#clients) client.end();
  }
}

/** How often a program dialled, from its own output. */
const dialsOf = (program: Program): number[] =>
  [...program.output.matchAll(/^dials at (\d+)$/gm)].map(([, at]) => Number(at));

describePeer(['haproxy'], 'the recipes that dial again', ({ haproxy }) => {
  const home = new Lab();
  let directory: string;
  let ca: string;
  let pem: { readonly cert: string; readonly key: string };

  beforeAll(async () => {
    pem = await localhostPem();
    directory = home.directory();
    ca = join(directory, 'cert.pem');
    writeFileSync(ca, pem.cert);
    writeFileSync(join(directory, 'key.pem'), pem.key);
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(ROOT, join(directory, 'node_modules/rxmux'));
    symlinkSync(join(ROOT, 'node_modules/rxjs'), join(directory, 'node_modules/rxjs'));
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    copyFileSync(SERVER, join(directory, 'server.mjs'));
  });
  afterAll(() => home.down());

  interface Scene {
    readonly lab: Lab;
    readonly recipe: Recipe;
    readonly codec: string;
    readonly isTls: boolean;
  }

  /** The server that a recipe dials: it says `works` once for each session that does. */
  async function startServer({ lab, recipe, codec, isTls }: Scene, port: number): Promise<Program> {
    const server = lab.start(
      process.execPath,
      [join(directory, 'server.mjs'), codec, recipe.proof, String(port), isTls ? 'tls' : 'tcp'],
      { cwd: directory },
      'SIGKILL',
    );
    await server.says(/^listening$/m);
    return server;
  }

  async function startRecipe(
    { lab, recipe, codec, isTls }: Scene,
    port: number,
  ): Promise<{ program: Program; web: number }> {
    const web = await freePort();
    const name = codec.replace(/\(.*/, '');
    const backend = await freePort();
    const code = recipe.code
      .replace(/(import \{[^}]*\b)(?:muxado|yamux)\b([^}]*\} from 'rxmux')/, `$1${name}$2`)
      .replace(/codec: \w+\(\)/, `codec: ${codec}`)
      .replace(/'(?:tcp|tls):\/\/[\w.]+:4040'/, `'${isTls ? 'tls' : 'tcp'}://localhost:${port}'`)
      .replace('port: 3000', `port: ${backend}, host: '127.0.0.1'`)
      .replace('listen(8080)', `listen(${web}, '127.0.0.1')`);
    const file = join(directory, `recipe-${port}-${web}.js`);
    writeFileSync(file, code);
    const env = { NODE_EXTRA_CA_CERTS: ca };
    return { program: lab.start(process.execPath, ['--import', COUNT_DIALS, file], { env }, 'SIGKILL'), web };
  }

  /** Resolves once that many sessions of a server have worked. */
  async function worked({ recipe }: Scene, server: Program, times: number, web: number): Promise<void> {
    const proofs = (): number => [...server.output.matchAll(/^works$/gm)].length;
    await server.until(async () => {
      if (recipe.proof === 'is asked') await fetch(`http://127.0.0.1:${web}/`).catch(() => undefined);
      return proofs() >= times ? true : undefined;
    });
  }

  /** What may never be, however long it took: dials closer together than the pauses allow, and a program that is over. */
  function check({ recipe }: Scene, program: Program, dials: number): void {
    const at = dialsOf(program);
    expect(at.length).toBeGreaterThanOrEqual(dials);
    const gaps = at.slice(1).map((ms, n) => ms - (at[n] ?? 0));
    // A timer of Node may fire a millisecond early.
    gaps.forEach((gap, n) => expect(gap).toBeGreaterThanOrEqual(recipe.pauseMs(n) - 1));
    expect(program.output).not.toMatch(/^\s+at |Uncaught|Unhandled/m);
    expect(program.isOver).toBe(false);
  }

  const WAYS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    'kill -9 of the server': async (scene) => {
      const port = await freePort();
      const server = await startServer(scene, port);
      const { program, web } = await startRecipe(scene, port);
      await worked(scene, server, 1, web);
      await server.stop('SIGKILL');
      await worked(scene, await startServer(scene, port), 1, web);
      check(scene, program, 2);
    },
    'an orderly restart of the server': async (scene) => {
      const port = await freePort();
      const server = await startServer(scene, port);
      const { program, web } = await startRecipe(scene, port);
      await worked(scene, server, 1, web);
      server.signal('SIGTERM');
      expect(await server.ended).toMatchObject({ code: 0 });
      await worked(scene, await startServer(scene, port), 1, web);
      check(scene, program, 2);
    },
    'a bare FIN': async (scene) => {
      const port = await freePort();
      const server = await startServer(scene, port);
      const passage = new Passage(scene.lab, port);
      const { program, web } = await startRecipe(scene, await passage.port());
      await worked(scene, server, 1, web);
      passage.sendFin();
      await worked(scene, server, 2, web);
      check(scene, program, 2);
    },

    'haproxy, by timeout client and by timeout tunnel': async (scene) => {
      await Promise.all(
        ['timeout client 1s', 'timeout client 60s\ntimeout tunnel 1s'].map((cut) => cutIdle(scene, cut)),
      );
    },
  };

  async function cutIdle(scene: Scene, timeouts: string): Promise<void> {
    const [port, outside] = [await freePort(), await freePort()];
    const server = await startServer(scene, port);
    const config = join(directory, `haproxy-${outside}.cfg`);
    writeFileSync(
      config,
      [
        'defaults\nmode tcp\ntimeout connect 5s\ntimeout server 60s',
        timeouts,
        `listen sessions\nbind 127.0.0.1:${outside}\nserver rxmux 127.0.0.1:${port}\n`,
      ].join('\n'),
    );
    const proxy = scene.lab.start(haproxy, ['-db', '-f', config]);
    await proxy.accepts({ port: outside, host: '127.0.0.1' });
    const { program, web } = await startRecipe(scene, outside);
    // It is cut twice, each time a second after the last byte.
    await worked(scene, server, 3, web);
    check(scene, program, 3);
  }

  describe.each(CODECS)('%s', (codec) => {
    // All at once: they wait, most of the time.
    test.each(Object.entries(WAYS))('have a working session again after: %s', async (what, play) => {
      const lab = new Lab();
      const kinds = what === 'a bare FIN' ? [false, true] : [false];
      try {
        await Promise.all(RECIPES.flatMap((recipe) => kinds.map((isTls) => play({ lab, recipe, codec, isTls }))));
      } finally {
        await lab.down();
      }
    });
  });
});
