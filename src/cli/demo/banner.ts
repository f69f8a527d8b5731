import { fileURLToPath } from 'node:url';
import type { ListenAddress } from '../../net/listen.js';
import type { DemoOptions } from '../args.js';
import { codecs } from '../codecs.js';

/** Where the package has the .proto files of the demo; the bundler moves this module, so that nothing relative to it holds. */
const protos = (): string => fileURLToPath(new URL('dist/cli/demo', import.meta.resolve('rxmux/package.json')));

/** What `rxmux demo` says once it listens: each protocol with the command to try it with. */
export function banner(address: ListenAddress, { host, ssh }: DemoOptions): string {
  const port = 'port' in address ? String(address.port) : '';
  const name = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host) ? 'localhost' : host;
  const at = `${name.includes(':') ? `[${name}]` : name}:${port}`;
  const rows: readonly (readonly [string, string])[] = [
    ['HTTP/1.1', `curl http://${at}/hello/you`],
    ['HTTP/2', `curl --http2-prior-knowledge http://${at}/hello/you`],
    [
      'gRPC',
      `grpcurl -plaintext -import-path '${protos()}' -proto echo.proto -d '{"text":"hi"}' ${at} rxmux.demo.Echo/Once`,
    ],
    ['gRPC health', `grpc_health_probe -addr=${at}`],
    ['WebSocket', `npx wscat -c ws://${at}/`],
    ['TLS, HTTP/2 inside', `curl --insecure https://${at}/hello/you`],
    ['TLS, echo inside', `openssl s_client -quiet -connect ${at}`],
    ['Redis', `redis-cli -h ${name} -p ${port} ping`],
    ...(ssh === undefined ? [] : ([['SSH', `ssh -p ${port} ${name}`]] as const)),
    ...Object.keys(codecs).map((codec) => [codec, `npx rxmux open --codec ${codec} tcp://${at}`] as const),
    ['anything else', `nc ${name} ${port}`],
  ];
  const width = Math.max(...rows.map(([protocol]) => protocol.length));
  return [
    `rxmux demo: ready on http://${at}/`,
    ...rows.map(([protocol, command]) => `  ${protocol.padEnd(width)}  ${command}`),
  ].join('\n');
}
