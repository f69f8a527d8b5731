import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const here = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Writes a file of the project, given by its path within it, in the project's format. */
export async function writeFormatted(path, text) {
  const file = here(path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}

/** Where the results of a run go; those of a short one are not to be kept. */
export const resultsPath = (name, { date, quick }) =>
  quick ? `temp/${name}.json` : `bench/results/${date}${name === 'bench' ? '' : `-${name}`}.json`;

/** Replaces what stands between the two comments `NAME` and `/NAME` of a Markdown file. */
export async function replaceBetween(path, name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const old = await readFile(here(path), 'utf8');
  const from = old.indexOf(begin);
  const to = old.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${path} lacks ${begin} or ${end}`);
  await writeFormatted(path, `${old.slice(0, from + begin.length)}\n\n${text}\n\n${old.slice(to)}`);
}
