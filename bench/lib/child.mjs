import { spawn } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pinned } from './machine.mjs';

// Nothing that is asked takes so long; a process that hangs must not hang the benchmark.
const ANSWER_MS = 120_000;
const EXIT_MS = 5000;

const BENCH = fileURLToPath(new URL('..', import.meta.url));

/** The core of whatever is measured, and the core of whatever puts load on it. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/**
 * A process that answers questions: a line of text to its standard input, a line of JSON from its standard output. Its
 * first line comes unasked, when it is ready. It ends when its standard input does.
 */
export class Child {
  #name;
  #process;
  #lines;
  /** What it told when it was ready. */
  ready;

  static async start(core, command, ...args) {
    const child = new Child();
    child.#name = [command, ...args].map((part) => basename(part)).join(' ');
    const [file, ...rest] = pinned(core, [command, ...args]);
    child.#process = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    // Written to after it died: what it leaves unanswered tells.
    child.#process.stdin.on('error', () => {});
    child.#lines = createInterface({ input: child.#process.stdout })[Symbol.asyncIterator]();
    child.ready = await child.#answer();
    return child;
  }

  /** Runs a script of `bench/`, or one given by its absolute path, in a Node.js of its own. */
  static startScript(core, script, ...args) {
    return Child.start(core, process.execPath, '--expose-gc', resolve(BENCH, script), ...args);
  }

  ask(...question) {
    this.#process.stdin.write(`${question.join(' ')}\n`);
    return this.#answer();
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = new Promise((resolve) => this.#process.once('exit', resolve));
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_MS);
    this.#process.stdin.end();
    await exit;
    clearTimeout(kill);
  }

  async #answer() {
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), ANSWER_MS);
    const { done, value } = await this.#lines.next();
    clearTimeout(kill);
    if (done) throw new Error(`no answer from ${this.#name}`);
    return JSON.parse(value);
  }
}
