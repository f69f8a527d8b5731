import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pinned } from './machine.mjs';

/** The core of whatever is measured, and the core of whatever puts load on it. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/**
 * A process that answers questions: a line of text to its standard input, a line of JSON from its standard output. Its
 * first line comes unasked, when it is ready. It ends when its standard input does.
 */
export class Child {
  #process;
  #lines;
  /** What it told when it was ready. */
  ready;

  static async start(core, command, ...args) {
    const child = new Child();
    const [file, ...rest] = pinned(core, [command, ...args]);
    child.#process = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.#lines = createInterface({ input: child.#process.stdout })[Symbol.asyncIterator]();
    child.ready = await child.#answer();
    return child;
  }

  /** Runs a script of `bench/` in a Node.js of its own. */
  static startScript(core, script, ...args) {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    return Child.start(core, process.execPath, '--expose-gc', path, ...args);
  }

  ask(...question) {
    this.#process.stdin.write(`${question.join(' ')}\n`);
    return this.#answer();
  }

  async stop() {
    const exit = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    await exit;
  }

  async #answer() {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`no answer from ${this.#process.spawnargs.join(' ')}`);
    return JSON.parse(value);
  }
}
