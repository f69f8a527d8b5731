import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { read, ROOT, tableRows } from './pages.js';

const rows = tableRows(read('docs/field-cases.md')).filter(([number = '']) => /^\d+$/.test(number));

const linksOf = (cell: string): string[] => [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

describe('the field cases of docs/field-cases.md', () => {
  it('are numbered in order', () => {
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map(([number]) => Number(number))).toEqual(rows.map((_, i) => i + 1));
  });

  it.each(rows)(
    'name a report or what showed it, and specs that exist: %s',
    (_number, report = '', kind = '', specs = '') => {
      expect(report).toMatch(/^(\[[\w.-]+\/[\w.-]+#\d+\]\(https:\/\/github\.com\/|none found; \S)/);
      expect(kind).not.toBe('');
      const paths = linksOf(specs).map((target) => posix.join('docs', target));
      expect(paths.length).toBeGreaterThan(0);
      expect(paths.filter((path) => !path.startsWith('spec/') || !existsSync(ROOT + path))).toEqual([]);
    },
  );
});
