import { yamux } from '@chainsafe/libp2p-yamux';
import type { MessageStreamDirection, Stream, StreamMuxer } from '@libp2p/interface';
import { defaultLogger } from '@libp2p/logger';
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils';
import { multiaddr } from '@multiformats/multiaddr';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const logger = defaultLogger();

/** A socket, as libp2p wants it. */
class SocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: Socket;

  constructor(socket: Socket, direction: MessageStreamDirection) {
    super({
      log: logger.forComponent('interop'),
      direction,
      remoteAddr: multiaddr(`/ip4/127.0.0.1/tcp/${socket.remotePort ?? 0}`),
      inactivityTimeout: 600_000,
    });
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.onData(bytes);
    });
    socket.on('error', (error) => {
      this.abort(error);
    });
    socket.on('close', () => {
      this.onTransportClosed();
    });
    socket.on('drain', () => {
      this.safeDispatchEvent('drain');
    });
  }

  sendData(data: Parameters<AbstractMultiaddrConnection['sendData']>[0]): SendResult {
    let canSendMore = true;
    for (const bytes of data) canSendMore = this.#socket.write(bytes);
    return { sentBytes: data.byteLength, canSendMore };
  }
  sendClose(): Promise<void> {
    this.#socket.end();
    return Promise.resolve();
  }
  sendReset(): void {
    this.#socket.destroy();
  }
  sendPause(): void {
    this.#socket.pause();
  }
  sendResume(): void {
    this.#socket.resume();
  }
}

/** A session of libp2p's yamux over a socket; the side that dials is the client. */
export function libp2pSession(socket: Socket, role: 'client' | 'server'): StreamMuxer {
  const limits = { maxInboundStreams: 10_000, maxOutboundStreams: 10_000, keepAliveInterval: 5000 };
  return yamux(limits)().createStreamMuxer(new SocketConnection(socket, role === 'client' ? 'outbound' : 'inbound'));
}

/** A libp2p stream as a Node stream; half-closed by `end`. It is never paused: what libp2p holds then it drops at the end. */
export function duplexOf(stream: Stream): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      if (stream.send(chunk)) done();
      else stream.addEventListener('drain', () => done(), { once: true });
    },
    final(done) {
      stream.close().then(() => done(), done);
    },
    destroy(error, done) {
      if (error !== null) stream.abort(error);
      done(null);
    },
  });
  stream.addEventListener('message', ({ data }) => {
    duplex.push(data.subarray());
  });
  stream.addEventListener('remoteCloseWrite', () => {
    duplex.push(null);
  });
  return duplex;
}
