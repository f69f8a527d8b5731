import { afterAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { describeMuxPeer } from './mux-peer.js';
import { Lab } from './run.js';

const lab = new Lab();
afterAll(() => lab.down());

// What is measured here says nothing: one short round beside whatever else runs. That it runs, and counts, does.
const run = async (timeoutMs: number, script: string, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await lab.run(process.execPath, ['--expose-gc', `bench/${script}.mjs`, ...args], {
    timeoutMs,
  });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout;
};

const bench = (script: string, ...args: readonly string[]): Promise<string> => run(110_000, script, ...args);

interface Row {
  readonly name: string;
  readonly failed?: string;
  readonly figures?: { readonly rate: { readonly median: number } };
  readonly toReference?: { readonly median: number };
}

describe('npm run bench:session', () => {
  it('session case 64: has the rate of each protocol beside that of plain sockets', async () => {
    const codecs = ['muxado 1', 'muxado 2', 'yamux', 'smux 1', 'smux 2'].map((codec) => `rxmux ${codec}`);
    const peers = ['node:net', ...codecs].map((peer) => `--peer=${peer}`);
    await bench('main', 'session', '--quick', '--work=bulk-1', '--work=open', ...peers);
    const { suites } = JSON.parse(await readFile('temp/session.json', 'utf8')) as {
      readonly suites: readonly {
        readonly sections: readonly { readonly name: string; readonly rows: readonly Row[] }[];
      }[];
    };
    const sections = suites.flatMap((suite) => suite.sections);
    expect(sections.map(({ name, rows }) => [name, rows.map((row) => row.name)])).toEqual(
      ['bulk-1', 'open'].map((name) => [name, ['node:net', ...codecs]]),
    );
    const rows = sections.flatMap((section) => section.rows);
    expect(rows.filter(({ failed }) => failed !== undefined)).toEqual([]);
    expect(rows.every(({ figures }) => (figures?.rate.median ?? 0) > 0)).toBe(true);
    expect(rows.filter(({ toReference }) => (toReference?.median ?? 0) > 0)).toHaveLength(2 * codecs.length);
  }, 120_000);
});

describe('npm run bench:compare', () => {
  it('measures this tree and another revision in turns, with the ratio of each work', async () => {
    const stdout = await bench('compare', 'HEAD', '--work=open', '--work=keep-alive', '--generations=1');
    const [heads, , ...rows] = stdout
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(heads?.slice(1, 3)).toEqual(['work', 'figure']);
    expect(rows.map((row) => row[2])).toEqual(['streams/s', 'requests/s', 'CPU, µs']);
    // Two figures, the ratio and that of the revision to itself: a median, a range, a spread.
    for (const row of rows)
      for (const cell of row.slice(3, 7)) expect(cell).toMatch(/^[\d.,]+ \([\d.,]+–[\d.,]+, MAD [\d.,]+\)$/);
  }, 120_000);
});

interface Soaked {
  readonly isGood: boolean;
  readonly faults: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

// A soak gives up by itself where nothing goes on. On a busy machine its last streams take a while.
const SOAK_MS = 600_000;
const MOST_MS = SOAK_MS + 10_000;

const soak = async (...args: readonly string[]): Promise<Soaked['counts']> => {
  const stdout = await run(SOAK_MS, 'soak', ...args);
  const { isGood, faults, counts } = JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as Soaked;
  expect([isGood, faults]).toEqual([true, []]);
  return counts;
};

describe('npm run soak', () => {
  it(
    'session case 66: random traffic and kills for six seconds leave nothing behind, and every hash is right',
    async () => {
      const counts = await soak('--minutes', '0.1', '--seed', '66');
      expect(counts.streams).toBeGreaterThan(0);
      expect(counts['sessions: kill']).toBeGreaterThan(0);
    },
    MOST_MS,
  );
});

describeMuxPeer('npm run soak with the Go libraries of Debian', () => {
  it(
    'has processes of Go at the other end, in both roles, and kills them',
    async () => {
      const counts = await soak('--minutes', '0.3', '--seed', '67');
      expect(counts['accepted from Go']).toBeGreaterThan(0);
      expect(counts['streams to Go: echo']).toBeGreaterThan(0);
      expect(counts['Go sessions: kill']).toBeGreaterThan(0);
    },
    MOST_MS,
  );
});

describe('npm run soak:mixed', () => {
  it(
    'has every protocol on one port, in the clear and over TLS, from processes that are killed',
    async () => {
      const counts = await soak('--mixed', '--minutes', '0.3', '--seed', '68');
      const codecs = ['muxado1', 'muxado2', 'yamux', 'smux1', 'smux2'];
      for (const kind of ['http1', 'http2', 'grpc', 'webSocket', ...codecs]) {
        expect([kind, counts[`exchanges: ${kind}`]]).toEqual([kind, expect.any(Number)]);
        expect([kind, counts[`exchanges: ${kind} over TLS`]]).toEqual([kind, expect.any(Number)]);
      }
      expect(counts['client processes killed']).toBeGreaterThan(0);
    },
    MOST_MS,
  );
});
