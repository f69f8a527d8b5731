import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab } from './run.js';

const DEBIAN_SOURCES = '/usr/share/gocode/src';
const OUR_SOURCES = fileURLToPath(new URL('./go/relayed', import.meta.url));
const BUILD_MS = 150_000;

/** A change to a file of a library: every match of `from` becomes `to`. */
export interface Edit {
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
}

/** A Go library whose own tests are to run through a relay. */
export interface RelayedLibrary {
  /** Import path. */
  readonly path: string;
  /** The folder of `go/relayed` with the declarations that take the place of some of `session_test.go`. */
  readonly ours: string;
  /** How those declarations begin in `session_test.go`. */
  readonly replaced: readonly string[];
  readonly edits: readonly Edit[];
}

/** Cuts a top-level declaration out of Go source. */
function withoutDeclaration(source: string, declaration: string): string {
  const start = source.indexOf(`\n${declaration}`) + 1;
  if (start === 0) throw new Error(`no such declaration: ${declaration}`);
  const end = source.indexOf('\n}\n', start) + '\n}\n'.length;
  return source.slice(0, start) + source.slice(end);
}

function edited(source: string, { file, from, to }: Edit): string {
  if (source.search(from) < 0) throw new Error(`nothing in ${file} matches ${String(from)}`);
  return source.replace(from, to);
}

/** Copies the library that Debian installs, makes its tests dial through a relay, and compiles them to a program. */
export async function buildRelayedTests(
  lab: Lab,
  go: string,
  { path, ours, replaced, edits }: RelayedLibrary,
): Promise<string> {
  const gopath = lab.directory();
  const library = join(gopath, 'src', path);
  mkdirSync(join(gopath, 'src/relayed'), { recursive: true });
  cpSync(join(OUR_SOURCES, 'dial.go'), join(gopath, 'src/relayed/dial.go'));
  cpSync(join(DEBIAN_SOURCES, path), library, { recursive: true, dereference: true });
  cpSync(join(OUR_SOURCES, ours), library, { recursive: true });
  const change = (file: string, by: (source: string) => string): void => {
    writeFileSync(join(library, file), by(readFileSync(join(library, file), 'utf8')));
  };
  change('session_test.go', (source) => replaced.reduce(withoutDeclaration, source));
  for (const edit of edits) change(edit.file, (source) => edited(source, edit));
  const program = join(gopath, 'relayed.test');
  const env = { GO111MODULE: 'off', GOPATH: gopath };
  const built = await lab.run(go, ['test', '-vet=off', '-c', '-o', program], {
    env,
    cwd: library,
    timeoutMs: BUILD_MS,
  });
  if (built.code !== 0) throw new Error(`go test -c failed:\n${built.stderr}`);
  return program;
}
