import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { localhostPem } from '../serve/sink-harness.js';
import { Lab, type Program } from './run.js';

const RUNS = 12;
const UPLOAD_BYTES = 200_000;
const host = '127.0.0.1';

/** When the client resets its connection. */
const MOMENTS = ['at once', 'after a pause', 'after the backend has stopped reading'] as const;
type Moment = (typeof MOMENTS)[number];

// What is not here: a Unix socket behind, which has no reset.
const CASES: readonly (readonly [name: string, moment: Moment])[] = [
  ...MOMENTS.map((moment) => ['rxmux', moment] as const),
  ...MOMENTS.map((moment) => ['rxmux, TLS in front', moment] as const),
  ...MOMENTS.map((moment) => ['no proxy', moment] as const),
];

/** A way to a backend: where to connect, and whether by TLS. */
interface Way {
  readonly port: number;
  readonly isTls: boolean;
  readonly backend: Program;
}

const PAUSE_TURNS = 50;
const WHOLE = `whole ${UPLOAD_BYTES + 5}`;
const BACKEND = fileURLToPath(new URL('./python/backend.py', import.meta.url));
const turns = async (n: number): Promise<void> => {
  for (; n > 0; n--) await new Promise(setImmediate);
};

describe(`${RUNS} uploads that their client resets`, () => {
  const lab = new Lab();
  /** The ways to a backend, by name: where to connect, and whether by TLS. */
  const ways: Record<string, Way> = {};
  let ca = '';

  beforeAll(async () => {
    const pem = await localhostPem();
    ca = pem.cert;
    const backend = lab.start('python3', [BACKEND], {}, 'SIGKILL');
    const port = Number((await backend.says(/^listening (\d+)$/m))[1]);
    const plain = await lab.port((conns$) => [conns$.subscribe(proxyTo({ port, host }))]);
    const secure = await lab.port((conns$) => [conns$.pipe(terminateTls(pem)).subscribe(proxyTo({ port, host }))]);
    Object.assign(ways, {
      rxmux: { port: plain, isTls: false, backend },
      'rxmux, TLS in front': { port: secure, isTls: true, backend },
      'no proxy': { port, isTls: false, backend },
    });
  });
  afterAll(() => lab.down());

  async function connected({ port, isTls }: Way): Promise<{ readonly raw: Socket; readonly client: Socket }> {
    const raw = connect({ port, host }).on('error', () => undefined);
    await once(raw, 'connect');
    const client = isTls ? connectTls({ socket: raw, ca, servername: 'localhost' }) : raw;
    client.on('error', () => undefined);
    if (isTls) await once(client, 'secureConnect');
    return { raw, client };
  }

  /** Uploads in part, then a whole one: gives what the backend said until it had that. */
  async function saidOf(way: Way, moment: Moment): Promise<string[]> {
    const { backend } = way;
    const before = backend.stdout.length;
    const bytes = Buffer.alloc(UPLOAD_BYTES, moment === 'after the backend has stopped reading' ? 'P' : 'x');
    for (let run = 0; run < RUNS; run++) {
      const { raw, client } = await connected(way);
      const sent = new Promise((resolve) => client.write(bytes, resolve));
      if (moment === 'at once') await sent;
      else await turns(PAUSE_TURNS);
      raw.resetAndDestroy();
      client.destroy();
    }
    const { client } = await connected(way);
    client.resume().end(Buffer.concat([bytes, Buffer.from('whole')]));
    await once(client, 'close');
    const said = (): string[] => backend.stdout.slice(before).split('\n');
    await backend.until(() => Promise.resolve(said().includes(WHOLE) ? true : undefined));
    return said();
  }

  test.each(CASES)('%s: none of them looks whole to the backend when the reset comes %s', async (name, moment) => {
    const said = await saidOf(ways[name] as Way, moment);
    expect(said.filter((line) => line.startsWith('whole'))).toEqual([WHOLE]);
  });
});
