import { describe, expect, it } from '@jest/globals';
import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { filesIn, read, ROOT } from './pages.js';

const pages = ['README.md', ...filesIn('docs', '.md')];

/** What a page links to within the project, images included; nothing in its code counts. */
function targetsOf(page: string): string[] {
  const prose = read(page)
    .replace(/^```.*?^```/gms, '')
    .replace(/`[^`\n]*`/g, 'code');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)].map(([, a = '', b = '']) => a || b);
  return targets.filter((target) => !/^\w+:/.test(target));
}

/** The anchors that headings make, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function leadsSomewhere(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : posix.join(posix.dirname(from), path);
  if (!existsSync(ROOT + file)) return false;
  if (anchor === undefined) return true;
  return statSync(ROOT + file).isFile() && anchorsOf(file).includes(anchor);
}

describe('the documentation', () => {
  it.each(pages)('has no dead link in %s', (page) => {
    expect(targetsOf(page).filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  it('can be reached from README.md, every page of it', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const target of targetsOf(page)) {
        const file = posix.join(posix.dirname(page), target.replace(/#.*/, ''));
        if (pages.includes(file)) reached.add(file);
      }
    }
    expect(pages.filter((page) => !reached.has(page) && !page.startsWith('docs/api/'))).toEqual([]);
  });
});
