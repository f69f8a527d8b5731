import type { Server } from 'node:net';

// The fields in which Node's http keeps the connections of a server, and the timer of their deadlines.
const CONNECTIONS = 'http.server.connections';
const CHECKING = 'http.server.connectionsCheckingInterval';

/**
 * Makes a server that never listens keep its deadlines: Node's http sets up the list behind `headersTimeout`, `requestTimeout` and
 * `closeAllConnections` on 'listening' only. The returned function stops the timer. The list stays with the server: native parsers point to
 * it without holding it, and the process crashes (SIGSEGV) when one outlives it.
 */
export function announceListening(server: Server): () => void {
  server.emit('listening');
  return () => {
    const symbol = symbolOf(server, CHECKING);
    if (symbol === undefined) return;
    clearInterval(Reflect.get(server, symbol) as NodeJS.Timeout | undefined);
    Reflect.deleteProperty(server, symbol);
  };
}

/** The parser of a connection, in the list of its server. */
export interface HttpConnection {
  readonly socket: unknown;
}

/** The list of connections of a server of `node:http`, by the state of their parsers. */
export interface HttpConnections {
  all(): readonly HttpConnection[];
  /** Connections outside a request: neither in its head nor in its body. */
  idle(): readonly HttpConnection[];
}

/** The connections that a server of `node:http` keeps a list of; none where Node hides it elsewhere. */
export function httpConnections(server: Server): HttpConnections {
  const symbol = symbolOf(server, CONNECTIONS);
  const connections = symbol && (Reflect.get(server, symbol) as HttpConnections | undefined);
  return connections ?? { all: () => [], idle: () => [] };
}

function symbolOf(server: Server, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(server).find(({ description }) => description === name);
}
