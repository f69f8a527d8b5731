#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { MuxError } from '../errors.js';
import { parseCommand, USAGE, type DemoOptions } from './args.js';
import { printable } from './printable.js';

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${printable(text)}\n`);

async function runDemo(options: DemoOptions): Promise<void> {
  // Only now: whoever asks for help or mistypes an option need not wait for the servers to load.
  const [{ demo }, { banner }] = await Promise.all([import('./demo/demo.js'), import('./demo/banner.js')]);
  const running = await demo(options, complain);
  print(banner(running.address, options));
  const stop = (): void => {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    void running.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Bad options, a port that is taken, files that can't be used: the user can mend them. */
const USER_ERROR = 2;

try {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command.name === 'help') print(USAGE);
  else if (command.name === 'version') print(version());
  else await runDemo(command.options);
} catch (error) {
  if (!MuxError.is(error)) throw error;
  complain(`rxmux: ${error.message.replace(/^\[\w+\] /, '')}`);
  process.exitCode = USER_ERROR;
}
