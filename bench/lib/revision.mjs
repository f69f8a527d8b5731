import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const run = (cwd, command, ...args) => execFileSync(command, args, { cwd, encoding: 'utf8' }).trim();

/**
 * Builds another revision below `temp/`, once. It gets the `bench/` of this tree, so that both libraries are measured by
 * the same programs, and the packages of this tree.
 *
 * @param name - anything that Git takes for a commit
 * @returns its short hash, and the path of its `bench/`
 */
export function buildRevision(name) {
  const hash = run(ROOT, 'git', 'rev-parse', '--short', '--verify', `${name}^{commit}`);
  const tree = join(ROOT, 'temp', 'compare', hash);
  const bench = join(tree, 'bench');
  if (!existsSync(join(tree, 'dist'))) {
    rmSync(tree, { recursive: true, force: true });
    mkdirSync(tree, { recursive: true });
    run(ROOT, 'sh', '-c', `git archive ${hash} | tar -x -C '${tree}'`);
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    run(tree, 'npm', 'run', '--silent', 'build');
  }
  rmSync(bench, { recursive: true, force: true });
  cpSync(join(ROOT, 'bench'), bench, { recursive: true });
  return { hash, bench };
}
