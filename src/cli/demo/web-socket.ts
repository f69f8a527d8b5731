import type { Sink } from '../../serve/sink.js';
import { toWebSocket } from '../../serve/to-web-socket.js';
import { optional } from './optional.js';

const MAX_MESSAGE_BYTES = 1 << 20;

/** A WebSocket server that gives every message back; `undefined` when ws is not installed. */
export async function webSocketSink(warn: (line: string) => void): Promise<Sink | undefined> {
  const ws = await optional('ws', () => import('ws'), warn);
  if (ws === undefined) return undefined;
  const server = new ws.WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  server.on('connection', (client) => {
    client.on('message', (message, isBinary) => {
      client.send(message, { binary: isBinary });
    });
    // A client that breaks the protocol or leaves is closed by ws itself.
    client.on('error', () => undefined);
  });
  return toWebSocket(server);
}
