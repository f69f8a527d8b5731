import { describe, expect, it } from '@jest/globals';
import { posix } from 'node:path';
import { filesIn, read, tableRows } from './pages.js';

const ALL = Array.from({ length: 65 }, (_, i) => i + 1);
const TITLE = /(['"`])cases? (\d+(?:(?:, | and |, and )\d+)*)/g;

/** The numbers that the test titles in a file begin with; titles stand in its strings, some of them as names in a table. */
function casesIn(file: string): number[] {
  const code = read(file).replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  return [...code.matchAll(TITLE)].flatMap(([, , numbers = '']) => (numbers.match(/\d+/g) ?? []).map(Number));
}

const tested = new Map(filesIn('spec', '.ts').map((file) => [file, casesIn(file)]));

/** Rows of the first table: the number, and the files it links to. */
const rows = tableRows(read('docs/hard-cases.md'))
  .filter(([first]) => /^\d+$/.test(first ?? ''))
  .slice(0, ALL.length)
  .map(([number, , tests = '']) => ({
    number: Number(number),
    files: [...tests.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => posix.join('docs', target)),
  }));

describe('the hard cases', () => {
  it('each have a test whose title begins with their number', () => {
    const seen = new Set([...tested.values()].flat());
    expect(ALL.filter((number) => !seen.has(number))).toEqual([]);
  });

  it('each have a row in docs/hard-cases.md, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(ALL);
  });

  it.each(rows)('have tests for $number where the table says so', ({ number, files }) => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => tested.get(file)?.includes(number) !== true)).toEqual([]);
  });
});
