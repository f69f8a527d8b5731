import { connect as connectSocket, createServer } from 'node:net';
import multiplexed from 'multiplex';
import { DuplexChannel } from './duplex-channel.mjs';

const options = { halfOpen: true };

/** A session of npm's `multiplex`: mplex, which has no windows. */
export function multiplex() {
  const over = (socket, onStream, onError) => {
    const mux = multiplexed(options, onStream);
    mux.on('error', onError);
    socket.on('error', onError).pipe(mux).pipe(socket);
    return mux;
  };
  return {
    async listen(onChannel, onError) {
      const server = createServer({ noDelay: true }, (socket) =>
        over(socket, (stream) => onChannel(new DuplexChannel(stream, onError)), onError),
      );
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server.address().port;
    },
    async connect(port, onError) {
      const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
      await new Promise((resolve) => socket.once('connect', resolve));
      const mux = over(socket, () => {}, onError);
      let opened = 0;
      return { open: (onOpen) => onOpen(new DuplexChannel(mux.createStream(String(opened++), options), onError)) };
    },
  };
}
