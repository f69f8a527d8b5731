import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Bundles a script of `bench/` that measures what the package does not export; gives the path of the bundle. */
export async function bundled(script) {
  const outfile = here(`temp/bench-${basename(script)}`);
  await build({
    entryPoints: [here(`bench/${script}`)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
  });
  return outfile;
}
