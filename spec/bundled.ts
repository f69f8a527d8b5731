import { build, type Metafile } from 'esbuild';
import { fileURLToPath } from 'node:url';

/** What a bundler makes of some code for a browser, and of what it made it. */
export interface Bundle {
  readonly bytes: Uint8Array;
  readonly metafile: Metafile;
}

/**
 * Bundles code that imports as a file in `directory` of the project would, minified.
 *
 * @param conditions - of `exports`; by itself esbuild adds `module`, which a list of one's own takes away
 * @param external - packages that are left out
 */
export async function bundled(
  code: string,
  directory: string,
  conditions?: readonly string[],
  external: readonly string[] = ['rxjs'],
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL(`../${directory}`, import.meta.url)), loader: 'ts' },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    external: [...external],
    ...(conditions !== undefined && { conditions: [...conditions] }),
    metafile: true,
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild wrote nothing');
  return { bytes: file.contents, metafile };
}
