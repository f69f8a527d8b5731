import { describe, expect, it } from '@jest/globals';
import { build, type Metafile } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Lab } from './run.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

// As a program that has rxmux as a dependency: the package by its own name, from what was built.
async function bundled(code: string, ...conditions: readonly string[]): Promise<[Uint8Array, Metafile]> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: ROOT },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    external: ['rxjs'],
    conditions: [...conditions],
    metafile: true,
    write: false,
  });
  return [outputFiles[0]?.contents ?? new Uint8Array(0), metafile];
}

const importedBy = ({ outputs }: Metafile): string[] =>
  Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));

describe('the package as it is built', () => {
  const everything = "export * from 'rxmux/browser';";

  // By itself esbuild adds the condition `module`; a list of one's own takes it away, which leaves what Node loads.
  it.each([
    ['what Node loads', ['node20'], 'dist/browser.js'],
    ['what a bundler loads', ['module'], 'dist/modules/browser.js'],
  ])('imports nothing of Node in a browser: %s', async (_name, conditions, entry) => {
    const [, metafile] = await bundled(everything, ...conditions);
    expect(Object.keys(metafile.inputs)).toContain(entry);
    expect(new Set(importedBy(metafile))).toEqual(new Set(['rxjs']));
  });

  it('lets a bundler leave out what is not used', async () => {
    const [yamux] = await bundled("export { yamux } from 'rxmux/browser';", 'module');
    expect(gzipSync(yamux, { level: 9 }).length).toBeLessThan(2100);
  });

  it('exports the same, whoever loads it', async () => {
    const lab = new Lab();
    const code = `
      for (const entry of ['index', 'browser', 'testing/index']) {
        const [bundle, modules] = await Promise.all([import('./dist/' + entry + '.js'), import('./dist/modules/' + entry + '.js')]);
        console.log(Object.keys(bundle).join() === Object.keys(modules).join() && Object.keys(bundle).length > 0);
      }`;
    const { stdout } = await lab.run(process.execPath, ['--input-type=module', '--eval', code], { timeoutMs: 30_000 });
    await lab.down();
    expect(stdout.trim().split('\n')).toEqual(['true', 'true', 'true']);
  });
});
