import grpc from '@grpc/grpc-js';

// Bytes as they are: what serialization costs is no matter of the connection.
const unchanged = (bytes) => bytes;

/** One unary method that gives its message back. */
export const echoService = {
  once: {
    path: '/bench.Echo/Once',
    requestStream: false,
    responseStream: false,
    requestSerialize: unchanged,
    requestDeserialize: unchanged,
    responseSerialize: unchanged,
    responseDeserialize: unchanged,
  },
};

/** A server of it, bound nowhere. */
export function echoServer() {
  const server = new grpc.Server();
  server.addService(echoService, { once: (call, reply) => reply(null, call.request) });
  return server;
}
