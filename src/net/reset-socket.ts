import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

type Resettable = Duplex & Pick<Socket, 'resetAndDestroy'>;

/** True for a Duplex that knows how to reset its connection. */
export function canReset(duplex: Duplex): duplex is Resettable {
  return 'resetAndDestroy' in duplex;
}

/**
 * Ends a TCP connection by RST. While a FIN is on its way libuv refuses a reset, and Node then loses the handle without closing it
 * (`reset EINVAL`, and no 'close', in `Socket._destroy` of lib/net.js, 20.20.2). The FIN takes one turn of the event loop, and 'finish' marks its end.
 */
export function resetSocket(socket: Resettable): void {
  const isEnding = socket instanceof Socket && socket.writableEnded && !socket.writableFinished;
  // With bytes in front of it the FIN has not begun, and may never begin.
  if (isEnding && socket.writableLength === 0) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
