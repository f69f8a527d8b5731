import { afterAll, describe, expect, it } from '@jest/globals';
import type { Metafile } from 'esbuild';
import { gzipSync } from 'node:zlib';
import { bundled } from '../bundled.js';
import { Lab } from './run.js';

const lab = new Lab();
afterAll(() => lab.down());

const importedBy = ({ outputs }: Metafile): string[] =>
  Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));

describe('the package as it is built', () => {
  const everything = "export * from 'rxmux/browser';";

  // Without the condition `module` it is what Node loads.
  it.each([
    ['what Node loads', ['node20'], 'dist/browser.js'],
    ['what a bundler loads', ['module'], 'dist/modules/browser.js'],
  ])('imports nothing of Node in a browser: %s', async (_name, conditions, entry) => {
    const { metafile } = await bundled(everything, '.', conditions);
    expect(Object.keys(metafile.inputs)).toContain(entry);
    expect(new Set(importedBy(metafile))).toEqual(new Set(['rxjs']));
  });

  it('lets a bundler leave out what is not used', async () => {
    const { bytes } = await bundled("export { yamux } from 'rxmux/browser';", '.');
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThan(2300);
  });

  it('calls its errors by their names', async () => {
    const code = `
      import * as rxmux from 'rxmux';
      const errors = Object.entries(rxmux).filter(([, it]) => it === rxmux.MuxError || it.prototype instanceof rxmux.MuxError);
      console.log(errors.length, errors.every(([name, E]) => new E('ERR_MUX_ABORT', 'x').name === name));`;
    const { stdout } = await lab.run(process.execPath, ['--input-type=module', '--eval', code], { timeoutMs: 30_000 });
    expect(stdout.trim()).toBe('8 true');
  });

  it('exports the same, whoever loads it', async () => {
    const code = `
      for (const entry of ['index', 'browser', 'testing/index']) {
        const [bundle, modules] = await Promise.all([import('./dist/' + entry + '.js'), import('./dist/modules/' + entry + '.js')]);
        console.log(Object.keys(bundle).join() === Object.keys(modules).join() && Object.keys(bundle).length > 0);
      }`;
    const { stdout } = await lab.run(process.execPath, ['--input-type=module', '--eval', code], { timeoutMs: 30_000 });
    expect(stdout.trim().split('\n')).toEqual(['true', 'true', 'true']);
  });
});
