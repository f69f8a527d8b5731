import { createWebSocketStream, WebSocket, WebSocketServer } from 'ws';
import { toWebSocket } from '../../../dist/index.js';

export function sink() {
  const server = new WebSocketServer({ noServer: true });
  server.on('connection', (socket) => {
    const duplex = createWebSocketStream(socket);
    duplex.on('error', () => {});
    duplex.pipe(duplex);
  });
  return toWebSocket(server);
}

/** One message stream over one connection. WebSocket has no half-close: the client closes once all is back. */
export function client(socket) {
  const webSocket = new WebSocket('ws://localhost/', { createConnection: () => socket });
  return {
    isSingle: true,
    closesBoth: true,
    open: (onResponse, onError) => {
      const duplex = createWebSocketStream(webSocket);
      duplex.on('error', onError);
      onResponse(duplex);
      return duplex;
    },
    close: () => webSocket.terminate(),
  };
}
