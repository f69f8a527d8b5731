import grpc from '@grpc/grpc-js';

const bytes = (value: Buffer): Buffer => value;

/** A method whose messages are bytes as they are; unary unless its replies are a stream. */
export function bytesMethod(path: string, responseStream = false): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

const SAY = bytesMethod('/spec.Echo/Say');
const COUNT = bytesMethod('/spec.Echo/Count', true);

type Say = grpc.handleUnaryCall<Buffer, Buffer>;
type Count = grpc.handleServerStreamingCall<Buffer, Buffer>;

/** Messages that `Count` replies with, each the low byte of its number. */
export const MESSAGES = 3000;

const echo: Say = (call, answer) => answer(null, call.request);
const countUp: Count = (call) => {
  for (let n = 0; n < MESSAGES; n++) call.write(Buffer.from([n & 255]));
  call.end();
};

/** A server of grpc-js with a unary call and a call whose replies are a stream. */
export function echoServer(say = echo, count = countUp): grpc.Server {
  const server = new grpc.Server();
  server.addService({ say: SAY, count: COUNT }, { say, count });
  return server;
}

/** Calls `Say`; rejects with the `ServiceError` of the call. */
export function say(client: grpc.Client, message: Buffer | string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(SAY.path, bytes, bytes, Buffer.from(message), (error, reply) => {
      if (error === null) resolve(reply as Buffer);
      else reject(error);
    });
  });
}

/** Calls `Count`. */
export function count(client: grpc.Client): grpc.ClientReadableStream<Buffer> {
  return client.makeServerStreamRequest(COUNT.path, bytes, bytes, Buffer.alloc(0));
}
