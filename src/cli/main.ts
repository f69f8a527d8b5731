#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { ListenError, MuxError, UsageError } from '../errors.js';
import { printable } from '../printable.js';
import { parseCommand, USAGE, type DemoOptions, type OpenOptions } from './args.js';

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${printable(text)}\n`);

async function runDemo(options: DemoOptions): Promise<void> {
  // Only now: help and errors in options need not wait for the servers to load.
  const [{ demo }, { banner }] = await Promise.all([import('./demo/demo.js'), import('./demo/banner.js')]);
  const running = await demo(options, complain);
  print(banner(running.address, options));
  const stop = (): void => {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    void running.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

async function runOpen(options: OpenOptions): Promise<void> {
  const { open } = await import('./open.js');
  await open(options);
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

const FAILURE = 1;
/** Bad options, a port that is taken, files that can't be used: the user can mend them. */
const USER_ERROR = 2;

/** What the user can mend is said in words; what happened on the way is told by its code as well. */
function report(error: MuxError): void {
  const isTheirs = error instanceof UsageError || error instanceof ListenError;
  complain(`rxmux: ${isTheirs ? error.message.replace(/^\[\w+\] /, '') : error.message}`);
  process.exitCode = isTheirs ? USER_ERROR : FAILURE;
}

try {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command.name === 'help') print(USAGE);
  else if (command.name === 'version') print(version());
  else if (command.name === 'open') await runOpen(command.options);
  else await runDemo(command.options);
} catch (error) {
  if (!MuxError.is(error)) throw error;
  report(error);
}
