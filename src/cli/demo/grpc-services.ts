import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { fileURLToPath } from 'node:url';
import { toGrpc } from '../../serve/to-grpc.js';
import type { Sink } from '../../serve/sink.js';
import { optional } from './optional.js';

interface Message {
  readonly text: string;
  readonly times: number;
}

const SERVICES = ['', 'rxmux.demo.Echo', 'grpc.health.v1.Health'];
/** Milliseconds until a silent client is asked whether it is there. */
const KEEPALIVE_MS = 60_000;
const MAX_TIMES = 1000;
const MAX_JOINED = 64 * 1024;

const proto = (name: string): string => fileURLToPath(new URL(`./${name}.proto`, import.meta.url));

/** A gRPC server with the health and echo services; `undefined` when grpc-js is not installed. */
export async function grpcSink(warn: (line: string) => void): Promise<Sink | undefined> {
  const grpc = await optional('@grpc/grpc-js', () => import('@grpc/grpc-js'), warn);
  const loader = await optional('@grpc/proto-loader', () => import('@grpc/proto-loader'), warn);
  if (grpc === undefined || loader === undefined) return undefined;
  const definitions = loader.loadSync([proto('echo'), proto('health')], { defaults: true });
  const server = new grpc.Server({ 'grpc.keepalive_time_ms': KEEPALIVE_MS });
  server.addService(definitions['rxmux.demo.Echo'] as ServiceDefinition, echo);
  server.addService(definitions['grpc.health.v1.Health'] as ServiceDefinition, health(grpc.status.NOT_FOUND));
  return toGrpc(server, grpc.ServerCredentials.createInsecure());
}

const echo = {
  Once(call: ServerUnaryCall<Message, Message>, reply: sendUnaryData<Message>) {
    reply(null, call.request);
  },
  Repeat(call: ServerWritableStream<Message, Message>) {
    const { text, times } = call.request;
    for (let n = Math.min(Math.max(times, 1), MAX_TIMES); n > 0; n--) call.write({ text, times: n });
    call.end();
  },
  Join(call: ServerReadableStream<Message, Message>, reply: sendUnaryData<Message>) {
    const texts: string[] = [];
    let length = 0;
    call.on('data', ({ text }: Message) => {
      length += text.length + 1;
      if (length <= MAX_JOINED) texts.push(text);
    });
    call.on('end', () => {
      reply(null, { text: texts.join(' '), times: texts.length });
    });
  },
  Chat(call: ServerDuplexStream<Message, Message>) {
    call.on('data', (message: Message) => call.write(message));
    call.on('end', () => {
      call.end();
    });
  },
};

interface HealthRequest {
  readonly service: string;
}

const health = (notFound: status.NOT_FOUND) => ({
  Check(call: ServerUnaryCall<HealthRequest, object>, reply: sendUnaryData<object>) {
    if (SERVICES.includes(call.request.service)) reply(null, { status: 'SERVING' });
    else reply({ code: notFound, details: 'unknown service' });
  },
  Watch(call: ServerWritableStream<HealthRequest, object>) {
    // The standard wants the stream to stay open for changes; here there are none.
    call.write({ status: SERVICES.includes(call.request.service) ? 'SERVING' : 'SERVICE_UNKNOWN' });
  },
});
