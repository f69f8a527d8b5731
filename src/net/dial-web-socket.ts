import { Observable } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { fromWebSocket, type FromWebSocketOptions } from '../conn/web-socket-conn.js';
import type { WebSocketTransport } from '../conn/web-socket-transport.js';
import { UsageError } from '../errors.js';

/** Makes a WebSocket: the class of `ws` or of a browser, or one of yours that sets options. */
export type WebSocketConstructor = new (url: string) => WebSocketTransport;

/**
 * Connects a WebSocket, as `dial` does a socket.
 * @throws UsageError `ERR_MUX_OPTION` where there is none to connect, or for a URL that can't be meant
 */
export function dialWebSocket(
  url: string,
  webSocket: WebSocketConstructor = globalWebSocket(),
  options: Pick<FromWebSocketOptions, 'maxMessageBytes'> = {},
): Observable<Conn> {
  if (!URL.canParse(url) || url.includes('#')) {
    throw new UsageError('ERR_MUX_OPTION', `'${url}' is no WebSocket URL: write 'ws://host:port/path', without '#'`);
  }
  return new Observable((subscriber) => {
    const socket = new webSocket(url);
    const conn = fromWebSocket(socket, options);
    let isConnected = false;
    socket.addEventListener('open', () => {
      isConnected = true;
      subscriber.next(conn);
      subscriber.complete();
    });
    conn.closed$.subscribe(({ error }) => {
      subscriber.error(error);
    });
    return () => {
      if (!isConnected) conn._destroy(undefined, false);
    };
  });
}

function globalWebSocket(): WebSocketConstructor {
  const { WebSocket } = globalThis as { readonly WebSocket?: WebSocketConstructor };
  if (WebSocket !== undefined) return WebSocket;
  const text = "there is no global WebSocket here: give one, { webSocket: WebSocket } with that of 'ws'";
  throw new UsageError('ERR_MUX_OPTION', text);
}
