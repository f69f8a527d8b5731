import { connect as connectSocket, createServer } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';
import { yamux } from '@chainsafe/libp2p-yamux';
import { defaultLogger } from '@libp2p/logger';
import { AbstractMultiaddrConnection } from '@libp2p/utils';
import { multiaddr } from '@multiformats/multiaddr';

// libp2p uses it for pings and for what waits; Node.js has it from 22 on.
Promise.withResolvers ??= function withResolvers() {
  const resolvers = {};
  resolvers.promise = new this((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
};

const MANY = 20_000;
const factory = yamux({ maxInboundStreams: MANY, maxOutboundStreams: MANY, maxEarlyStreams: MANY })();
const logger = defaultLogger();

/** A socket as libp2p wants its connections. */
class SocketConnection extends AbstractMultiaddrConnection {
  #socket;

  constructor(socket, direction) {
    const remoteAddr = multiaddr('/ip4/127.0.0.1/tcp/1');
    super({ log: logger.forComponent('bench'), direction, remoteAddr, inactivityTimeout: Infinity });
    this.#socket = socket;
    socket
      .on('data', (chunk) => this.onData(chunk))
      .on('drain', () => this.safeDispatchEvent('drain'))
      .on('error', (error) => this.abort(error))
      .on('end', () => this.onRemoteCloseWrite())
      .on('close', () => this.onTransportClosed());
  }

  sendData(list) {
    const socket = this.#socket;
    let canSendMore = true;
    socket.cork();
    for (const chunk of list) canSendMore = socket.write(chunk);
    socket.uncork();
    return { sentBytes: list.byteLength, canSendMore };
  }

  async sendClose() {
    this.#socket.end();
  }

  sendReset() {
    this.#socket.destroy();
  }

  sendPause() {
    this.#socket.pause();
  }

  sendResume() {
    this.#socket.resume();
  }
}

/** A stream as the traffic uses it (see `DuplexChannel`), by libp2p's own methods: a Duplex around them would only cost. */
class LibP2pChannel {
  #stream;
  #onError;

  constructor(stream, onError) {
    this.#stream = stream;
    this.#onError = onError;
    stream.addEventListener('close', ({ error }) => error !== undefined && onError(error));
  }

  receive(onChunk, onEnd) {
    this.#stream.addEventListener('message', ({ data }) => onChunk(data.subarray()));
    this.#stream.addEventListener('remoteCloseWrite', onEnd);
  }

  receiveSlowly(pauseMs) {
    this.#stream.addEventListener('message', async () => {
      this.#stream.pause();
      await elapsed(pauseMs);
      this.#stream.resume();
    });
  }

  send(chunk) {
    this.#stream.send(chunk);
  }

  sendAll(next) {
    const pump = () => {
      for (let chunk = next(); chunk !== undefined; chunk = next()) {
        if (!this.#stream.send(chunk)) {
          this.#stream.addEventListener('drain', pump, { once: true });
          return;
        }
      }
    };
    pump();
  }

  end() {
    this.#stream.close().catch(this.#onError);
  }
}

/** A session of libp2p over its yamux. */
export function libp2p() {
  return {
    async listen(onChannel, onError) {
      const server = createServer({ noDelay: true }, (socket) => {
        const muxer = factory.createStreamMuxer(new SocketConnection(socket, 'inbound'));
        muxer.addEventListener('stream', ({ detail }) => onChannel(new LibP2pChannel(detail, onError)));
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server.address().port;
    },
    async connect(port, onError) {
      const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
      await new Promise((resolve) => socket.once('connect', resolve));
      const muxer = factory.createStreamMuxer(new SocketConnection(socket, 'outbound'));
      return {
        open: (onOpen) => muxer.createStream().then((stream) => onOpen(new LibP2pChannel(stream, onError)), onError),
      };
    },
  };
}
