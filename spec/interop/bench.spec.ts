import { afterAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { describeMuxPeer } from './mux-peer.js';
import { Lab } from './run.js';

const lab = new Lab();
afterAll(() => lab.down());

// What is measured here says nothing: one short round beside whatever else runs. That it runs, and counts, does.
const bench = async (script: string, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await lab.run(process.execPath, ['--expose-gc', `bench/${script}.mjs`, ...args], {
    timeoutMs: 110_000,
  });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout;
};

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

const soak = async (...args: readonly string[]): Promise<Soaked['counts']> => {
  const stdout = await bench('soak', ...args);
  const { isGood, faults, counts } = JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as Soaked;
  expect([isGood, faults]).toEqual([true, []]);
  return counts;
};

describe('npm run soak', () => {
  it('session case 66: random traffic and kills for six seconds leave nothing behind, and every hash is right', async () => {
    const counts = await soak('--minutes', '0.1', '--seed', '66');
    expect(counts.streams).toBeGreaterThan(100);
    expect(counts['sessions: kill']).toBeGreaterThan(0);
  }, 120_000);
});

describeMuxPeer('npm run soak with the Go libraries of Debian', () => {
  it('has processes of Go at the other end, in both roles, and kills them', async () => {
    const counts = await soak('--minutes', '0.3', '--seed', '67');
    expect(counts['accepted from Go']).toBeGreaterThan(100);
    expect(counts['streams to Go: echo']).toBeGreaterThan(100);
    expect(counts['Go sessions: kill']).toBeGreaterThan(0);
  }, 120_000);
});
