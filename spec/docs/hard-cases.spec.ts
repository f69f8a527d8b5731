import { describe, expect, it } from '@jest/globals';
import { posix } from 'node:path';
import { filesIn, read, tableRows } from './pages.js';

const ALL = Array.from({ length: 65 }, (_, i) => i + 1);
const STRING = /(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g;
const CASES = /\bcases? (\d+(?:(?:, and |, | and )\d+)*)/g;

interface SpecFile {
  readonly text: string;
  readonly cases: ReadonlySet<number>;
}

/** A file of the specs, with the numbers that its test titles name; titles are strings, some of them rows of a table. */
function specFile(path: string): SpecFile {
  const text = read(path);
  const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const strings = [...code.matchAll(STRING)].map(([, , content = '']) => content);
  const numbers = strings.flatMap((content) =>
    [...content.matchAll(CASES)].flatMap(([, list = '']) => list.match(/\d+/g) ?? []),
  );
  return { text, cases: new Set(numbers.map(Number)) };
}

const specs = new Map(filesIn('spec', '.ts').map((path) => [path, specFile(path)]));

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

const numbered = tableRows(read('docs/hard-cases.md')).filter(([first]) => /^\d+$/.test(first ?? ''));
const cases = numbered.slice(0, ALL.length).map(row);
const regressions = numbered.slice(ALL.length).map(row);

describe('the hard cases', () => {
  it('each have a test whose title names their number', () => {
    const seen = new Set([...specs.values()].flatMap((spec) => [...spec.cases]));
    expect(ALL.filter((number) => !seen.has(number))).toEqual([]);
  });

  it('each have a row in docs/hard-cases.md, in order', () => {
    expect(cases.map(({ number }) => number)).toEqual(ALL);
  });

  it.each(cases)('have the tests that the table names for $number', ({ number, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { path, title } of tests) {
      const spec = specs.get(path);
      expect([path, spec?.cases.has(number), spec?.text.includes(title)]).toEqual([path, true, true]);
    }
  });

  it.each(regressions)('have the tests that the table names for regression $number', ({ tests }) => {
    for (const { path, title } of tests) {
      expect([path, specs.get(path)?.text.includes(title)]).toEqual([path, true]);
    }
  });
});
