import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab, Program } from './run.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The file of the command `rxmux`. */
export const COMMAND = join(ROOT, 'dist/cli/main.js');

/** How long building may take. */
export const BUILD_MS = 120_000;

/** A demo that listens on a port of its own choice. */
export interface RunningDemo {
  readonly program: Program;
  readonly port: number;
}

/** Builds the command unless it is there, and newer than its sources. */
export async function buildCommand(lab: Lab): Promise<void> {
  if (!isStale()) return;
  const outcome = await lab.run('npm', ['run', '--silent', 'build'], { cwd: ROOT, timeoutMs: BUILD_MS });
  if (outcome.code !== 0) throw new Error(`the build failed:\n${outcome.stdout}${outcome.stderr}`);
}

function isStale(): boolean {
  if (!existsSync(COMMAND)) return true;
  const built = statSync(COMMAND).mtimeMs;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.some((name) => statSync(join(ROOT, 'src', name)).mtimeMs > built);
}

/** Starts `rxmux demo`. */
export async function startDemo(lab: Lab, ...args: readonly string[]): Promise<RunningDemo> {
  const program = lab.start(process.execPath, [COMMAND, 'demo', '--port', '0', ...args]);
  const [, port] = await program.says(/ready on http:\/\/localhost:(\d+)\//);
  return { program, port: Number(port) };
}

/** Whether nobody listens there. */
export async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: 'localhost' });
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}
