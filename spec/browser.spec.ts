import { beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { bundled } from './bundled.js';

describe('rxmux in a browser', () => {
  let all: string;
  beforeAll(async () => {
    all = Buffer.from((await bundled("export * from './browser.js';", 'src')).bytes).toString();
  });

  it('imports nothing of Node', () => {
    expect(all).not.toMatch(/(?:from|import|require)\s*\(?\s*["']node:/);
    const imported = [...all.matchAll(/\bfrom\s*["']([^"']+)["']/g)].map(([, name]) => name);
    expect(new Set(imported)).toEqual(new Set(['rxjs']));
  });

  it('stays small: all of it, and a session of one protocol over a WebSocket', async () => {
    const { bytes: one } = await bundled("export { fromWebSocket, session, yamux } from './browser.js';", 'src');
    const sizes = [Buffer.from(all), one].map((code) => gzipSync(code, { level: 9 }).length);
    // Measured: 30,262 and 25,322 bytes. Less than 1 % of room is left, so whatever adds more is seen.
    expect(sizes[0]).toBeLessThanOrEqual(30_302);
    expect(sizes[1]).toBeLessThanOrEqual(25_362);
  });
});
