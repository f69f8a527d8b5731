import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';

/** The first line that a command prints that looks like a version, `undefined` where the command is not installed. */
function version(command, ...args) {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return error === undefined ? `${stdout}${stderr}`.split('\n')[0].trim() : undefined;
}

/** The version of one of Debian's packages, `undefined` where it is not installed. */
const debian = (name) => version('dpkg-query', '--show', name)?.split('\t')[1];

/** The version of one of npm's packages, likewise. */
function npm(name) {
  try {
    return JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
      .version;
  } catch {
    // That it can't be read is how one that is not installed looks; the report names it.
    return undefined;
  }
}

/** The tools of the benchmarks; a value is `undefined` where one is not installed. */
export const tools = {
  wrk: version('wrk', '-v')?.replace(/ Copyright.*/, ''),
  go: version('go', 'version'),
  cmux: debian('golang-github-soheilhy-cmux-dev'),
  muxado: debian('golang-github-inconshreveable-muxado-dev'),
  yamux: debian('golang-github-hashicorp-yamux-dev'),
  smux: debian('golang-github-xtaci-smux-dev'),
  httpolyglot: npm('@httptoolkit/httpolyglot'),
  libp2p: npm('@chainsafe/libp2p-yamux'),
  multiplex: npm('multiplex'),
  taskset: version('taskset', '--version'),
};

const canPin = cpus().length > 1 && tools.taskset !== undefined;

/** The command line that runs `command` on one core; `command` itself where cores can't be chosen, or without a core. */
export const pinned = (core, command) =>
  canPin && core !== undefined ? ['taskset', '-c', String(core), ...command] : command;

/** What the numbers depend on. */
export function describeMachine() {
  return {
    node: process.version,
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    system: `${process.platform} ${release()}`,
    loadAverage: loadAverage(),
    pinned: canPin,
    ...tools,
  };
}

/** Processes that ran or wanted to, over the last minute. */
export const loadAverage = () => Math.round(loadavg()[0] * 100) / 100;
