import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Child, LOAD_CORE, SERVER_CORE } from '../lib/child.mjs';
import { pinned } from '../lib/machine.mjs';
import { startLink } from './link.mjs';

const WORK_MS = 60_000;
const CHECKED_CHUNK_BYTES = 50_000;

/** The flags of the Go program for each work of the Node.js client, and what its result means there. */
const WORKS = {
  bulk: (streams, bytes) => ({
    flags: { scenario: 'bulk', streams, bytes: Math.ceil(bytes) },
    result: (done) => ({ rate: done.bytes / 1e6 / done.seconds }),
  }),
  open: (count, concurrency) => ({
    flags: { scenario: 'open', streams: count, concurrency },
    result: (done) => ({ rate: done.streams / done.seconds }),
  }),
  pingPong: (rounds) => ({
    flags: { scenario: 'pingpong', streams: rounds },
    result: ({ streams, seconds, p50Micros, p99Micros }) => ({ rate: streams / seconds, p50Micros, p99Micros }),
  }),
  // It sends random bytes, and compares the hashes itself.
  check: (chunks) => ({ flags: { scenario: 'echo', bytes: chunks * CHECKED_CHUNK_BYTES }, result: () => ({}) }),
};

/** A server in Go, and a client in Go for each work: nothing there has to warm up. */
export class GoPair {
  #server;
  #link;
  #binary;
  #protocol;

  static async start(binary, protocol, { roundTripMs }) {
    const pair = new GoPair();
    pair.#binary = binary;
    pair.#protocol = `-proto=${protocol}`;
    pair.#server = await Child.start(SERVER_CORE, binary, pair.#protocol, '-role=server', '-listen=127.0.0.1:0');
    if (roundTripMs !== undefined) pair.#link = await startLink(pair.#server.ready.port, roundTripMs);
    return pair;
  }

  async run(work, ...args) {
    const { flags, result } = WORKS[work](...args);
    const named = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
    const dialled = `-dial=127.0.0.1:${(this.#link ?? this.#server).ready.port}`;
    const command = [this.#binary, this.#protocol, '-role=client', dialled, ...named];
    const [file, ...rest] = pinned(LOAD_CORE, command);
    // What fails tells so in the last line of its output.
    const { stdout } = await promisify(execFile)(file, rest, { timeout: WORK_MS, killSignal: 'SIGKILL' }).catch(
      (error) => error,
    );
    const events = stdout.split('\n').slice(0, -1).map(JSON.parse);
    const done = events.find(({ event }) => event === 'done');
    if (done === undefined) throw new Error(`${work}: ${events.at(-1)?.error ?? 'no answer within a minute'}`);
    return result(done);
  }

  async stop() {
    await this.#link?.stop();
    await this.#server.stop();
  }
}
