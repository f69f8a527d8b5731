import grpc from '@grpc/grpc-js';
import { toGrpc } from '../../../dist/index.js';
import { PROBE_MS } from './http2.mjs';

const unchanged = (bytes) => bytes;
const service = {
  echo: {
    path: '/soak.Echo/Echo',
    requestStream: true,
    responseStream: true,
    requestSerialize: unchanged,
    requestDeserialize: unchanged,
    responseSerialize: unchanged,
    responseDeserialize: unchanged,
  },
};
const Client = grpc.makeGenericClientConstructor(service, 'Echo');

export function sink() {
  const server = new grpc.Server();
  server.addService(service, {
    echo: (call) => {
      call.on('error', () => {});
      call.pipe(call);
    },
  });
  return toGrpc(server, grpc.ServerCredentials.createInsecure(), { probeMs: PROBE_MS });
}

/** Calls over a connection of the library's own, which can only be left by closing the channel. */
export function client(_socket, { port, ca }) {
  const credentials =
    ca === undefined ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(Buffer.from(ca));
  const options = {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  };
  const channel = new Client(`127.0.0.1:${port}`, credentials, options);
  return {
    isParallel: true,
    dials: true,
    open: (onResponse, onError) => {
      const call = channel.echo();
      call.on('error', onError);
      onResponse(call);
      return call;
    },
    close: () => channel.close(),
  };
}
