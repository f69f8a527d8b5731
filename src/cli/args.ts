import { parseArgs } from 'node:util';
import { UsageError } from '../errors.js';

/** What `rxmux demo` was asked for. */
export interface DemoOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly host: string;
  /** Where SSH connections go. */
  readonly ssh?: { readonly host: string; readonly port: number };
}

/** A command line, understood. */
export type Command =
  { readonly name: 'demo'; readonly options: DemoOptions } | { readonly name: 'help' } | { readonly name: 'version' };

const DEFAULT_PORT = 8080;

export const USAGE = `Usage: rxmux demo [--port N] [--host ADDRESS] [--ssh HOST:PORT]

One port that speaks HTTP/1.1, HTTP/2, gRPC, WebSocket, TLS with all of these inside, Redis PING, and echoes anything else.

  --port N          port to listen on; 0 for any free one (default: $PORT or ${DEFAULT_PORT})
  --host ADDRESS    address to listen on (default: 127.0.0.1)
  --ssh HOST:PORT   hand SSH connections to this server
  --help, --version
`;

/**
 * Understands a command line.
 * @throws UsageError `ERR_MUX_OPTION` with one line that says what to mend
 */
export function parseCommand(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Command {
  const { values, positionals } = parse(argv);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [name, ...rest] = positionals;
  if (name === undefined) return { name: 'help' };
  if (name !== 'demo') throw new UsageError('ERR_MUX_OPTION', `there is no command '${name}'; try: rxmux demo`);
  if (rest[0] !== undefined)
    throw new UsageError('ERR_MUX_OPTION', `'${rest[0]}' is not understood; see: rxmux --help`);
  const port =
    values.port === undefined && env.PORT
      ? portOf(env.PORT, 'PORT', 0)
      : portOf(values.port ?? String(DEFAULT_PORT), '--port', 0);
  const options: DemoOptions = { port, host: values.host ?? '127.0.0.1' };
  return { name, options: values.ssh === undefined ? options : { ...options, ssh: hostAndPort(values.ssh) } };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        ssh: { type: 'string' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    });
  } catch (cause) {
    const [line = ''] = (cause as Error).message.split('\n');
    throw new UsageError('ERR_MUX_OPTION', `${line.replace(/\.? To specify.*$/, '')}; see: rxmux --help`, { cause });
  }
}

function portOf(text: string, name: string, least: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= least && port <= 65535) return port;
  throw new UsageError('ERR_MUX_OPTION', `${name} is a whole number from ${least} to 65535, not '${text}'`);
}

function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw new UsageError('ERR_MUX_OPTION', `--ssh is HOST:PORT, for example localhost:22, not '${text}'`);
  return { host, port: portOf(port, 'the port of --ssh', 1) };
}
