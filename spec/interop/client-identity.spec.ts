import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { terminateTls } from '../../src/net/terminate-tls.js';
import type { Sink } from '../../src/serve/sink.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { any, grpc, http2Header } from '../../src/sniff/matchers/index.js';
import type { Matcher } from '../../src/sniff/matcher.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { bytesMethod } from '../serve/grpc-echo.js';
import { localhostPem } from '../serve/sink-harness.js';
import { buildGrpcClient } from './grpc-client.js';
import { describePeer } from './peer.js';
import { Lab } from './run.js';

const CALLS = 20;
const CHECK = '/grpc.health.v1.Health/Check';
// HealthCheckResponse with the status SERVING
const SERVING = Buffer.from('0801', 'hex');
const PYTHON = '/usr/bin/python3';
const PYTHON_CLIENT = new URL('./python/grpc-client.py', import.meta.url).pathname;

/** Who the server took the clients for: address and common name of the certificate. */
const callers: string[] = [];

function healthServer(): Server {
  const server = new Server();
  server.addService(
    { check: bytesMethod(CHECK) },
    {
      check(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        const { sslPeerCertificate } = call.getAuthContext();
        callers.push(`${call.getPeer().replace(/:\d+$/, '')} ${String(sslPeerCertificate?.subject.CN)}`);
        answer(null, SERVING);
      },
    },
  );
  return server;
}

/** Answers the same call without grpc-js. */
function http2Sink(): Sink {
  const server = createServer();
  server.on('stream', (stream) => {
    const { socket } = stream.session ?? {};
    const name = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().subject.CN : 'nobody';
    callers.push(`${String(socket?.remoteAddress)} ${String(name)}`);
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, SERVING.length]), SERVING]));
  });
  return toHttp2(server);
}

const lab = new Lab();
const files = { ca: '', certificate: '', key: '' };
let serverPem: Awaited<ReturnType<typeof localhostPem>>;
let clientPem: Awaited<ReturnType<typeof localhostPem>>;

beforeAll(async () => {
  [serverPem, clientPem] = [await localhostPem(), await localhostPem()];
  const directory = lab.directory();
  for (const [name, pem] of [
    ['ca', serverPem.cert],
    ['certificate', clientPem.cert],
    ['key', clientPem.key],
  ] as const) {
    files[name] = join(directory, `${name}.pem`);
    writeFileSync(files[name], pem);
  }
});
afterAll(() => lab.down());

describePeer(
  ['go', 'google.golang.org/grpc', '/usr/lib/python3/dist-packages/grpc'],
  'a client that shows a certificate',
  ({ go }) => {
    let goClient = '';
    beforeAll(async () => {
      goClient = await buildGrpcClient(lab, go);
    }, 180_000);

    const listen = (matcher: Matcher, sink: Sink): Promise<number> =>
      lab.port((conns$) => {
        const options = { ...serverPem, ca: clientPem.cert, requestCert: true, ALPNProtocols: ['h2'] };
        const routes = partitionByProtocol(conns$.pipe(terminateTls(options)), { rpc: matcher, rest: any() });
        return [routes.rpc.subscribe(sink), routes.rest.subscribe()];
      });

    describe.each([
      ['grpc() and toGrpc', grpc, () => toGrpc(healthServer(), ServerCredentials.createInsecure())],
      ['http2Header() and toHttp2', () => http2Header('content-type', /^application\/grpc/), http2Sink],
    ] as const)('through %s', (_name, matcher, sink) => {
      test('grpc-go is known by address and certificate in every call', async () => {
        const port = await listen(matcher(), sink());
        callers.length = 0;
        const { ca, certificate, key } = files;
        const args = ['-ca', ca, '-certificate', certificate, '-key', key, '-connections', String(CALLS)];
        const { stdout, stderr } = await lab.run(goClient, ['-address', `localhost:${port}`, ...args]);
        expect([stdout, stderr]).toEqual(['SERVING\n'.repeat(CALLS), '']);
        expect(callers).toEqual(Array.from({ length: CALLS }, () => '127.0.0.1 localhost'));
      });

      test('grpcio is known by address and certificate in every call', async () => {
        const port = await listen(matcher(), sink());
        callers.length = 0;
        const { ca, certificate, key } = files;
        const args = [PYTHON_CLIENT, `localhost:${port}`, ca, certificate, key, String(CALLS)];
        const { stdout, stderr } = await lab.run(PYTHON, args);
        expect([stdout, stderr]).toEqual(['0801\n'.repeat(CALLS), '']);
        expect(callers).toEqual(Array.from({ length: CALLS }, () => '127.0.0.1 localhost'));
      });
    });
  },
);
