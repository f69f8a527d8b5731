import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { filter, firstValueFrom, map, startWith, Subject, Subscription, throwIfEmpty, type Observable } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { loopback } from '../net/loopback.js';

export interface RunOptions {
  /** What the program reads; its end follows. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** User and group to run as. */
  readonly uid?: number | undefined;
  /** How long it may run before it is killed. */
  readonly timeoutMs?: number;
}

/** How a program ended; `code` is null when a signal ended it. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const RUN_MS = 15_000;
const STOP_MS = 5000;
const RETRY_MS = 20;

/** The user that programs run as which refuse root; undefined where the specs don't run as root. */
export const NOBODY = process.getuid?.() === 0 ? 65534 : undefined;

/** A program that runs. */
export class Program {
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #name: string;
  readonly #stdout: Buffer[] = [];
  #stderr = '';
  // Emits whenever there is more output, and completes when the program is over.
  readonly #heard$ = new Subject<void>();

  constructor(command: string, args: readonly string[], options: RunOptions) {
    const { input, cwd, uid, timeoutMs } = options;
    this.#name = [command, ...args].join(' ');
    this.#child = spawn(command, args, {
      stdio: 'pipe',
      killSignal: 'SIGKILL',
      env: { ...process.env, ...options.env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid, gid: uid }),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout.push(chunk);
      this.#heard$.next();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#heard$.next();
    });
    // A program need not read all that it is given.
    this.#child.stdin.on('error', () => undefined);
    if (input !== undefined) this.#child.stdin.end(input);
    this.ended = this.#end();
  }

  async #end(): Promise<Outcome> {
    const [code] = (await once(this.#child, 'close').finally(() => this.#heard$.complete())) as [number | null];
    return { code, stdout: this.stdout, stderr: this.#stderr };
  }

  /** True once it has ended. */
  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  /** What it said so far, on both ways. */
  get output(): string {
    return this.stdout + this.#stderr;
  }

  /** Resolves once the output has what is looked for, and gives the match. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    const found$ = this.#heard$.pipe(
      startWith(undefined),
      map(() => pattern.exec(this.output)),
      filter((found) => found !== null),
      throwIfEmpty(() => new Error(`${this.#name} ended without saying ${String(pattern)}:\n${this.output}`)),
    );
    return firstValueFrom(found$);
  }

  /** Resolves once `attempt` resolves to something; tries again while the program lives. */
  async until<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const result = await attempt();
      if (result !== undefined) return result;
      if (this.isOver) throw new Error(`${this.#name} is over:\n${this.output}`);
      await delay(RETRY_MS);
    }
  }

  /** Resolves once connections are accepted there. */
  async accepts(where: NetConnectOpts): Promise<void> {
    await this.until(async () => {
      const socket = connect(where);
      try {
        await once(socket, 'connect');
        return true;
      } catch {
        return undefined;
      } finally {
        socket.destroy();
      }
    });
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it, by force if it takes too long. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.isOver) return;
    this.signal(signal);
    const force = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(force);
  }
}

/** Where programs run, ports listen and files lie; `down` ends and removes all of it, latest first. */
export class Lab {
  readonly #downs: (() => unknown)[] = [];

  onDown(down: () => unknown): void {
    this.#downs.push(down);
  }

  /** A new directory, owned by `uid` if given. */
  directory(uid?: number): string {
    const path = mkdtempSync(join(tmpdir(), 'rxmux-'));
    if (uid !== undefined) chownSync(path, uid, uid);
    this.onDown(() => rmSync(path, { recursive: true, force: true, maxRetries: 10 }));
    return path;
  }

  /** Starts a program that runs until `down`, which sends it `stopSignal`. */
  start(
    command: string,
    args: readonly string[],
    options: RunOptions = {},
    stopSignal: NodeJS.Signals = 'SIGTERM',
  ): Program {
    const program = new Program(command, args, options);
    this.onDown(() => program.stop(stopSignal));
    return program;
  }

  /** Runs a program to its end; it reads nothing unless it is given `input`. */
  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.start(command, args, { input: '', timeoutMs: RUN_MS, ...options }).ended;
  }

  /** A port of rxmux on loopback. */
  async port(serve: (conns$: Observable<Conn>) => readonly Subscription[]): Promise<number> {
    const served = await loopback((conns$) => {
      const serving = new Subscription();
      for (const subscription of serve(conns$)) serving.add(subscription);
      return serving;
    });
    this.onDown(() => served.close());
    return served.port;
  }

  async down(): Promise<void> {
    for (const down of this.#downs.splice(0).reverse()) await down();
  }
}

/** A port nobody uses now, for a program that can't choose one by itself. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
