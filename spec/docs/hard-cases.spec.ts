import { describe, expect, it } from '@jest/globals';
import { posix } from 'node:path';
import { filesIn, read, tableRows } from './pages.js';

const STRING = /(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g;
const LIST = '(\\d+(?:(?:, and |, | and )\\d+)*)';

/** The strings of a file: titles of tests among them, some of them rows of a table. */
function stringsOf(text: string): string[] {
  const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  return [...code.matchAll(STRING)].map(([, , content = '']) => content);
}

const specs = new Map(filesIn('spec', '.ts').map((path) => [path, read(path)]));
const strings = new Map([...specs].map(([path, text]) => [path, stringsOf(text)]));

interface Row {
  readonly number: number;
  readonly tests: readonly { readonly path: string; readonly title: string }[];
}

/** A row's number, the files it links to, and the titles it quotes behind them. */
function row([number, , tests = '']: readonly string[]): Row {
  const links = [...tests.matchAll(/\]\(([^)]+)\)(?: `([^`]+)`)?/g)];
  return {
    number: Number(number),
    tests: links.map(([, target = '', title = '']) => ({ path: posix.join('docs', target), title })),
  };
}

const rowsOf = (page: string): Row[] =>
  tableRows(read(page)).flatMap((cells) => (/^\d+$/.test(cells[0] ?? '') ? [row(cells)] : []));

const connections = rowsOf('docs/hard-cases.md');
const TABLES = [
  {
    page: 'docs/hard-cases.md',
    rows: connections.slice(0, 65),
    count: 65,
    named: new RegExp(`(?<!session )\\bcases? ${LIST}`, 'g'),
  },
  {
    page: 'docs/session-hard-cases.md',
    rows: rowsOf('docs/session-hard-cases.md'),
    count: 68,
    named: new RegExp(`\\bsession cases? ${LIST}`, 'g'),
  },
];
const regressions = connections.slice(65);

describe.each(TABLES)('the hard cases of $page', ({ rows, count, named }) => {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  /** The numbers that the titles of a file name. */
  const casesOf = (path: string): number[] =>
    (strings.get(path) ?? []).flatMap((content) =>
      [...content.matchAll(named)].flatMap(([, list = '']) => (list.match(/\d+/g) ?? []).map(Number)),
    );
  const cases = new Map([...specs.keys()].map((path) => [path, new Set(casesOf(path))]));

  it('each have a test whose title names their number', () => {
    const seen = new Set([...cases.values()].flatMap((numbers) => [...numbers]));
    expect(all.filter((number) => !seen.has(number))).toEqual([]);
  });

  it('each have a row, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(all);
  });

  it.each(rows)('have the tests that the table names for $number', ({ number, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { path, title } of tests) {
      expect([path, cases.get(path)?.has(number), specs.get(path)?.includes(title)]).toEqual([path, true, true]);
    }
  });
});

describe('the regressions of docs/hard-cases.md', () => {
  it.each(regressions)('have the tests that the table names for $number', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { path, title } of tests) expect([path, specs.get(path)?.includes(title)]).toEqual([path, true]);
  });
});
