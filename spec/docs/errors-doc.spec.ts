import { describe, expect, it } from '@jest/globals';
import { read, tableRows } from './pages.js';

const [, union = ''] = /type ErrorCode =([^;]+);/.exec(read('src/errors.ts')) ?? [];
const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
const rows = tableRows(read('docs/errors.md')).filter(([first]) => first?.startsWith('`') === true);

describe('docs/errors.md', () => {
  it('has one row for each error code, in alphabetical order, and none for a code that is none', () => {
    expect(codes.length).toBeGreaterThan(0);
    expect(rows.map(([first]) => first)).toEqual(codes.sort().map((code) => `\`${code}\``));
  });

  it('says what each code means and when it comes', () => {
    for (const [code, meaning, when] of rows) expect([code, meaning !== '', when !== '']).toEqual([code, true, true]);
  });
});
