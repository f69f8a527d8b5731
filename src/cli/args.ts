import { parseArgs } from 'node:util';
import { UsageError } from '../errors.js';
import { codecs, type CodecName } from './codecs.js';

/** What `rxmux demo` was asked for. */
export interface DemoOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly host: string;
  /** Where SSH connections go. */
  readonly ssh?: { readonly host: string; readonly port: number };
}

/** What `rxmux open` was asked for. */
export interface OpenOptions {
  /** As `dialSession` takes it, without those of WebSockets: Node 20 has none of its own. */
  readonly url: string;
  readonly codec: CodecName;
}

/** A command line, understood. */
export type Command =
  | { readonly name: 'demo'; readonly options: DemoOptions }
  | { readonly name: 'open'; readonly options: OpenOptions }
  | { readonly name: 'help' }
  | { readonly name: 'version' };

const DEFAULT_PORT = 8080;
const CODEC_NAMES = Object.keys(codecs).join(', ');
const URL_FORMS = 'tcp://host:port, tls://host:port or unix:/path';

export const USAGE = `Usage: rxmux demo [--port N] [--host ADDRESS] [--ssh HOST:PORT]
       rxmux open --codec NAME URL

demo: one port that speaks HTTP/1.1, HTTP/2, gRPC, WebSocket, TLS with all of these inside, Redis PING and sessions, and echoes
anything else.

  --port N          port to listen on; 0 for any free one (default: $PORT or ${DEFAULT_PORT})
  --host ADDRESS    address to listen on (default: 127.0.0.1)
  --ssh HOST:PORT   hand SSH connections to this server

open: a session, and one stream in it that carries stdin there and what comes back to stdout. Ends when the stream does.

  --codec NAME      ${CODEC_NAMES}
  URL               ${URL_FORMS}

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
  switch (name) {
    case undefined:
      return { name: 'help' };
    case 'demo':
      return { name, options: demoOptions(values, rest, env.PORT) };
    case 'open':
      return { name, options: openOptions(values, rest) };
    default:
      throw usage(`there is no command '${name}'; try: rxmux demo`);
  }
}

type Values = ReturnType<typeof parse>['values'];

function demoOptions(values: Values, rest: readonly string[], portByEnv: string | undefined): DemoOptions {
  const { port, host = '127.0.0.1', ssh, ...others } = values;
  refuse(others, rest);
  const options: DemoOptions = {
    port:
      port === undefined && portByEnv
        ? portOf(portByEnv, 'PORT', 0)
        : portOf(port ?? String(DEFAULT_PORT), '--port', 0),
    host,
  };
  return ssh === undefined ? options : { ...options, ssh: hostAndPort(ssh) };
}

function openOptions({ codec, ...others }: Values, [url, ...rest]: readonly string[]): OpenOptions {
  refuse(others, rest);
  if (url === undefined) throw usage('open needs a URL: rxmux open --codec yamux tcp://localhost:8080');
  if (!/^(?:(?:tcp|tls):.*:\d+\/?$|unix:)/.test(url)) throw usage(`'${url}' can't be opened: URL is ${URL_FORMS}`);
  if (codec === undefined || !isCodecName(codec))
    throw usage(`--codec is one of ${CODEC_NAMES}${codec === undefined ? '' : `, not '${codec}'`}`);
  return { url, codec };
}

function isCodecName(text: string): text is CodecName {
  return Object.hasOwn(codecs, text);
}

/** What is left over is a mistake. */
function refuse(options: object, [word]: readonly string[]): void {
  const [option] = Object.keys(options);
  if (option !== undefined) throw usage(`--${option} is of another command; see: rxmux --help`);
  if (word !== undefined) throw usage(`'${word}' is not understood; see: rxmux --help`);
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
        codec: { type: 'string' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    });
  } catch (cause) {
    const [line = ''] = (cause as Error).message.split('\n');
    throw usage(`${line.replace(/\.?(?: To specify.*)?$/, '')}; see: rxmux --help`, cause);
  }
}

function portOf(text: string, name: string, least: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= least && port <= 65535) return port;
  throw usage(`${name} is a whole number from ${least} to 65535, not '${text}'`);
}

function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw usage(`--ssh is HOST:PORT, for example localhost:22, not '${text}'`);
  return { host, port: portOf(port, 'the port of --ssh', 1) };
}

const usage = (text: string, cause?: unknown): UsageError => new UsageError('ERR_MUX_OPTION', text, { cause });
