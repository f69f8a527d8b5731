import { connect as connectSocket, createServer } from 'node:net';
import { DuplexChannel } from './duplex-channel.mjs';

/** Sockets of their own for each stream: what TCP itself does. */
export function raw() {
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
      return { open: (onOpen) => onOpen(new DuplexChannel(connectSocket(options), onError)) };
    },
  };
}
