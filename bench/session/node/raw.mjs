import * as tcp from 'node:net';
import * as tls from 'node:tls';
import { DuplexChannel } from './duplex-channel.mjs';
import { certificate } from '../../lib/certificate.mjs';

const TRANSPORTS = {
  tcp: {
    createServer: (options, onSocket) => tcp.createServer(options, onSocket),
    connect: (options) => tcp.connect(options),
  },
  tls: {
    createServer: (options, onSocket) => tls.createServer({ ...options, ...certificate }, onSocket),
    connect: (options) => tls.connect({ ...options, ca: certificate.cert, servername: 'localhost' }),
  },
};

/** Sockets of their own for each stream: what TCP, or TLS, itself does. */
export function raw(transport) {
  const { createServer, connect } = TRANSPORTS[transport];
  return {
    async listen(onChannel, onError) {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
        onChannel(new DuplexChannel(socket, onError)),
      );
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server.address().port;
    },
    async connect(port, onError) {
      const options = { port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true };
      return { open: (onOpen) => onOpen(new DuplexChannel(connect(options), onError)) };
    },
  };
}
