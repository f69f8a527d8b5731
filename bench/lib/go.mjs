import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pinned, tools } from './machine.mjs';

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

// Debian's packages for Go are source trees below one GOPATH, without modules.
const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' };

/** False where Go or Debian's package of cmux is missing. */
export const hasCmux = tools.go !== undefined && tools.cmux !== undefined;

/** False where Go or one of Debian's packages of stream multiplexers is missing. */
export const hasMultiplexers = [tools.go, tools.muxado, tools.yamux, tools.smux].every((tool) => tool !== undefined);

async function build(path, directory, command, ...args) {
  const binary = here(path);
  await mkdir(here('temp'), { recursive: true });
  await run('go', [command, '-o', binary, ...args], { env, cwd: here(directory) });
  return binary;
}

/** Builds the Go server; gives the path of its binary. */
export function buildGoServer() {
  return build('temp/bench-cmux', 'bench/go/cmux', 'build', '.');
}

/** Builds the link between two network namespaces; gives the path of its binary. */
export function buildLink() {
  return build('temp/bench-link', 'bench/go/link', 'build', '.');
}

/** Builds the interop suite's program over Go's stream multiplexers; gives the path of its binary. */
export function buildMuxPeer() {
  return build('temp/bench-muxpeer', 'spec/interop/go/muxpeer', 'build', '.');
}

/**
 * Builds cmux's own benchmarks. What it gives runs them once on one core and tells nanoseconds for one connection, by name:
 * `HTTP2n1` has both its matchers, HTTP/2 first, and a client of HTTP/1.
 */
export async function buildCmuxBenchmarks(core) {
  const binary = await build('temp/bench-cmux-own', '.', 'test', '-c', 'github.com/soheilhy/cmux');
  return async (milliseconds) => {
    const options = ['-test.run=^$', '-test.bench=CMuxConn', '-test.cpu=1', `-test.benchtime=${milliseconds}ms`];
    const [file, ...args] = pinned(core, [binary, ...options]);
    const { stdout } = await run(file, args);
    const lines = stdout.matchAll(/^BenchmarkCMuxConn(\S+)\s+\d+\s+([\d.]+) ns\/op/gm);
    return Object.fromEntries(Array.from(lines, ([, name, nanos]) => [name, Number(nanos)]));
  };
}
