import { describe, expect, it } from '@jest/globals';
import { parseCommand } from '../../src/cli/args.js';

const demo = (argv: readonly string[], env: Record<string, string> = {}) => parseCommand(['demo', ...argv], env);

describe('the command line', () => {
  it('has defaults, takes options, and prefers them to the environment', () => {
    expect(demo([])).toEqual({ name: 'demo', options: { port: 8080, host: '127.0.0.1' } });
    expect(demo([], { PORT: '' })).toMatchObject({ options: { port: 8080 } });
    expect(demo([], { PORT: '9000' })).toMatchObject({ options: { port: 9000 } });
    expect(demo(['--port', '0', '--host', '::', '--ssh', '[::1]:22'], { PORT: 'x' })).toEqual({
      name: 'demo',
      options: { port: 0, host: '::', ssh: { host: '::1', port: 22 } },
    });
    expect(demo(['--ssh=localhost:2222'])).toMatchObject({ options: { ssh: { host: 'localhost', port: 2222 } } });
  });

  it.each(['muxado1', 'muxado2', 'yamux', 'smux1', 'smux2'])('opens %s sessions', (codec) => {
    const url = 'tcp://localhost:8080';
    expect(parseCommand(['open', '--codec', codec, url], {})).toEqual({ name: 'open', options: { codec, url } });
  });

  it('gives help and version', () => {
    expect(parseCommand([], {})).toEqual({ name: 'help' });
    expect(parseCommand(['--help'], {})).toEqual({ name: 'help' });
    expect(parseCommand(['--version'], {})).toEqual({ name: 'version' });
  });

  it.each([
    [['demo', '--port', '65536'], {}, "--port is a whole number from 0 to 65535, not '65536'"],
    [['demo', '--port', '80x'], {}, "--port is a whole number from 0 to 65535, not '80x'"],
    [['demo', '--port', '-1'], {}, "Option '--port' argument is ambiguous; see: rxmux --help"],
    [['demo'], { PORT: '-1' }, "PORT is a whole number from 0 to 65535, not '-1'"],
    [['demo', '--ssh', 'localhost'], {}, "--ssh is HOST:PORT, for example localhost:22, not 'localhost'"],
    [['demo', '--ssh', 'localhost:0'], {}, "the port of --ssh is a whole number from 1 to 65535, not '0'"],
    [['demo', '--what'], {}, "Unknown option '--what'; see: rxmux --help"],
    [['demo', 'twice'], {}, "'twice' is not understood; see: rxmux --help"],
    [['demo', '--codec', 'yamux'], {}, '--codec is of another command; see: rxmux --help'],
    [['open', '--codec', 'yamux'], {}, 'open needs a URL: rxmux open --codec yamux tcp://localhost:8080'],
    ...['ws://a:1/mux', 'wss://a/mux', 'localhost:8080', 'xtcp://a:1', 'tcp://a', 'tls://a:/'].map(
      (url) =>
        [
          ['open', '--codec', 'yamux', url],
          {},
          `'${url}' can't be opened: URL is tcp://host:port, tls://host:port or unix:/path`,
        ] as [string[], Record<string, string>, string],
    ),
    [['open', 'tcp://a:1'], {}, '--codec is one of muxado1, muxado2, yamux, smux1, smux2'],
    [
      ['open', 'tcp://a:1', '--codec', 'toString'],
      {},
      "--codec is one of muxado1, muxado2, yamux, smux1, smux2, not 'toString'",
    ],
    [['open', 'tcp://a:1', '--codec', 'yamux', 'x'], {}, "'x' is not understood; see: rxmux --help"],
    [['open', 'tcp://a:1', '--codec', 'yamux', '--port', '1'], {}, '--port is of another command; see: rxmux --help'],
    [['serve'], {}, "there is no command 'serve'; try: rxmux demo"],
  ])('says in one line what is wrong with %j', (argv, env: Record<string, string>, message) => {
    expect(() => parseCommand(argv, env)).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION', message: `[ERR_MUX_OPTION] ${message}` }),
    );
  });
});
